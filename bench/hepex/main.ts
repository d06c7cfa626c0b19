/**
 * What pruning saves, for `bench/hepex.md`: the best plans within a loss budget, in latency and in throughput, and all
 * schemes at equal shares of tiles.
 *
 *   npm run bench:hepex [-- PART…]    a part is latency:MODEL[@ENGINE], throughput:MODEL[@ENGINE] or schemes:MODEL, with
 *                                     the engine simd or seal-wasm (default); without names all but the tables of the
 *                                     larger models
 *   npm run bench:hepex -- measure    times of the plans that are kept of latency and throughput, once more
 *
 * Results are kept in `bench/hepex/results.json`, part by part, so that one part can be measured again.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EngineName, engineNames } from '../../ir/plan/plan.ts';
import { type BestPruning, bestPruning, budgetOf, measureTimes } from './best-pruning.ts';
import { keptPlans } from './kept-plans.ts';
import { renderHepex } from './render.ts';
import type { HepexResults } from './results.ts';
import { schemeTable } from './schemes-table.ts';
import { isClassifier, learningRateOf, type ModelName } from './setting.ts';

const resultFile = join(import.meta.dirname, 'results.json');

const autoencoders = ['ae-784-64-784', 'ae-784-128-32-128-784', 'ae-784-256-64-256-784'] as const;
const classifiers = ['mlp-784-128-128-10', 'cryptonets'] as const;

const parts: ReadonlyMap<string, (results: HepexResults) => Promise<HepexResults>> = new Map([
  ...engineNames.flatMap((engine) => [
    ...[...autoencoders, ...classifiers].map((name) => latency(name, engine)),
    ...(['ae-784-256-64-256-784', 'ae-784-64-784'] as const).map((name) => throughput(name, engine)),
  ]),
  ...[...autoencoders, ...classifiers].map((name) => [`schemes:${name}`, schemes(name)] as const),
]);

/** The other ways take several times as long, and ended above these where they were tried. */
const ways = { latency: ['shrink', 'then'], throughput: ['shrink'] } as const;

const rounds = { latency: 31, throughput: 3 } as const;

async function measureAgain({ best, schemes }: HepexResults): Promise<HepexResults> {
  const measured: Record<string, BestPruning> = { ...best };
  for (const [part, result] of Object.entries(best)) {
    const plans = keptPlans(part);
    if (plans === undefined) continue;
    const goal = part.startsWith('latency') ? 'latency' : 'throughput';
    measured[part] = { ...result, measured: await measureTimes(plans, result, rounds[goal]) };
    process.stderr.write(`${part}: ${JSON.stringify(measured[part].measured)}\n`);
  }
  return { best: measured, schemes };
}

function latency(name: ModelName, engine: EngineName) {
  const setting = { name, engine, compile: { optimize: 'latency' }, learningRate: learningRateOf(name) } as const;
  return withBest(`latency:${name}`, engine, (part) =>
    bestPruning(part, setting, {
      goal: 'latency',
      ways: ways.latency,
      encrypted: false,
      budget: budgetOf(name),
      epochs: isClassifier(name) ? 10 : 8,
      rounds: rounds.latency,
    }),
  );
}

function throughput(name: ModelName, engine: EngineName) {
  const compile = { optimize: 'throughput', batch: 256 } as const;
  const setting = { name, engine, compile, learningRate: learningRateOf(name) };
  return withBest(`throughput:${name}`, engine, (part) =>
    bestPruning(part, setting, {
      goal: 'throughput, batch 256',
      ways: ways.throughput,
      encrypted: true,
      budget: budgetOf(name),
      epochs: 8,
      rounds: rounds.throughput,
    }),
  );
}

function withBest(whole: string, engine: EngineName, measure: (part: string) => Promise<BestPruning>) {
  const part = engine === 'seal-wasm' ? whole : `${whole}@${engine}`;
  const run = async ({ best, schemes }: HepexResults): Promise<HepexResults> => ({
    best: { ...best, [part]: await measure(part) },
    schemes,
  });
  return [part, run] as const;
}

function schemes(name: ModelName) {
  return async (results: HepexResults): Promise<HepexResults> => ({
    ...results,
    schemes: { ...results.schemes, [name]: await schemeTable(name, 5) },
  });
}

function readResults(): HepexResults {
  if (!existsSync(resultFile)) return { best: {}, schemes: {} };
  return JSON.parse(readFileSync(resultFile, 'utf8')) as HepexResults;
}

/** Without names: the tables of the other models take hours. */
const standard = [...parts.keys()].filter(
  (part) => !part.startsWith('schemes:') || ['schemes:ae-784-64-784', 'schemes:mlp-784-128-128-10'].includes(part),
);

const asked = process.argv.slice(2);
const unknown = asked.filter((part) => !parts.has(part) && part !== 'render' && part !== 'measure');
if (unknown.length > 0) {
  process.stderr.write(`unknown: ${unknown.join(', ')}; parts: ${[...parts.keys()].join(', ')}, measure, render\n`);
  process.exitCode = 2;
} else {
  if (asked.includes('measure')) writeFileSync(resultFile, `${JSON.stringify(await measureAgain(readResults()))}\n`);
  for (const part of asked.length === 0 ? standard : asked) {
    const measured = await parts.get(part)?.(readResults());
    // Another part may have been measured meanwhile.
    if (measured === undefined) continue;
    const now = readResults();
    const results = { best: { ...measured.best, ...now.best }, schemes: { ...measured.schemes, ...now.schemes } };
    const [, own = ''] = /^schemes:(.*)$/.exec(part) ?? [];
    if (measured.best[part] !== undefined) Object.assign(results.best, { [part]: measured.best[part] });
    if (own !== '') Object.assign(results.schemes, { [own]: measured.schemes[own] });
    writeFileSync(resultFile, `${JSON.stringify(results)}\n`);
  }
  await renderHepex(readResults());
}
