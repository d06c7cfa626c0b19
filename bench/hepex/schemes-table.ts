/**
 * All schemes at the same shares of whole tiles: what is lost before recovery, by the closed form, and after a few epochs,
 * and what the plan takes. Held to tiles of 4×8 weights, as in HE-PEx.
 */
import type { Compilation } from '../../compiler/network-plans.ts';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { parsePolicy } from '../../pruning/policy.ts';
import type { PrunedNetwork } from '../../pruning/pruner.ts';
import { countsOf } from '../../pruning/report.ts';
import { type Bench, type ModelName, openBench, shortLearningRateOf } from './setting.ts';

const schemePolicies = [
  'P2:Gl/L1/Wei',
  'P2T:Gl/T-Avg',
  'P3:Gl/L1/Wei',
  'P3E:Gl/L1/Wei',
  'P4:Gl/L1/Wei:0.0625',
  'P4E:Gl/L1/Wei:0.0625',
  'P4E:Gl/Err/Wei:0.0625',
  'P4E:Lc/Err/Wei:0.0625',
  'P3T:Gl/T-Err',
] as const;

const sparsities = [0.3, 0.5, 0.7, 0.9, 0.95, 0.99] as const;

export interface SchemePoint {
  readonly policy: string;
  /** Share of the tiles that was to go. */
  readonly wanted: number;
  /** Share of the weights, neurons or tiles that the scheme was given. */
  readonly given: number;
  /** Share of the tiles of the unpruned plan that are gone. */
  readonly tileSparsity: number;
  /** Loss (mean-square error, or share of wrong answers) on the 10,000 test images. */
  readonly pruned: number;
  readonly reconstructed: number;
  readonly recovered: number;
  readonly tiles: number;
  readonly inputCiphertexts: number;
  readonly rotations: number;
  readonly milliseconds: number;
  readonly peakBytes: number;
}

export interface SchemeTable {
  readonly name: ModelName;
  readonly epochs: number;
  readonly unpruned: number;
  readonly retrained: number;
  readonly unprunedTiles: number;
  readonly unprunedMilliseconds: number;
  readonly unprunedBytes: number;
  readonly points: readonly SchemePoint[];
}

/** P2 and P3 prune weights and get the tiles that this gives; the others are brought to equal shares of tiles. */
const searched = new Set(['P4', 'P4E']);

export async function schemeTable(
  name: ModelName,
  epochs: number,
  policies: readonly string[] = schemePolicies,
  shares: readonly number[] = sparsities,
): Promise<SchemeTable> {
  const compile = { optimize: 'throughput', tile: { rows: 4, columns: 8 } } as const;
  const bench = await openBench({ name, engine: 'seal-wasm', compile, learningRate: shortLearningRateOf(name) });
  const { session } = bench;
  const { pruner } = session;
  const loss = lossOn(bench);
  const unpruned = countsOf(session.plans.unpruned);
  const points: SchemePoint[] = [];
  for (const text of policies) {
    for (const sparsity of shares) {
      const { network, given } = atTileSparsity(bench, text, sparsity);
      const pruned = await loss(network);
      const fitted = await pruner.recover(network, 0);
      const reconstructed = await loss(fitted);
      const recovered = await loss({ ...fitted, module: await pruner.train(fitted.module, epochs) });
      const counts = countsOf(estimated(bench, network));
      const { tiles, inputCiphertexts, rotations, milliseconds, peakBytes } = counts;
      const tileSparsity = 1 - tiles / unpruned.tiles;
      points.push({
        policy: text,
        wanted: sparsity,
        given,
        tileSparsity,
        pruned,
        reconstructed,
        recovered,
        tiles,
        inputCiphertexts,
        rotations,
        milliseconds,
        peakBytes,
      });
      process.stderr.write(
        `${name} ${text} ${given.toFixed(3)}: tiles ${tileSparsity.toFixed(3)}, ${pruned.toPrecision(3)} ${reconstructed.toPrecision(3)} ${recovered.toPrecision(3)}\n`,
      );
    }
  }
  const retrained = await pruner.train(pruner.context.module, epochs);
  return {
    name,
    epochs,
    unpruned: await loss(pruner.unpruned),
    retrained: await loss({ ...pruner.unpruned, module: retrained }),
    unprunedTiles: unpruned.tiles,
    unprunedMilliseconds: unpruned.milliseconds,
    unprunedBytes: unpruned.peakBytes,
    points,
  };
}

function lossOn({ session, test }: Bench): (network: PrunedNetwork) => Promise<number> {
  const isAccuracy = session.pruner.context.metric.name === 'accuracy';
  return async ({ module }) => (isAccuracy ? 1 - (await test(module)) : test(module));
}

/** The plan of a pruned network by an estimate. */
function estimated({ session }: Bench, network: PrunedNetwork): Compilation {
  const compilation = session.plans.estimate(network);
  if ('refused' in compilation) throw new HepcError(compilation.refused);
  return compilation;
}

/** Bisects what a scheme is given, where that is a share of weights, until the share of tiles is the wanted one. */
function atTileSparsity({ session }: Bench, text: string, wanted: number): { network: PrunedNetwork; given: number } {
  const { pruner } = session;
  const policy = parsePolicy(text);
  if (policy.scheme === 'auto') throw new Error('a table has schemes alone');
  const { scheme } = policy;
  if (!searched.has(scheme)) return { network: pruner.scheme(pruner.unpruned, policy, wanted), given: wanted };
  let low = 0;
  let high = 1;
  let best: { network: PrunedNetwork; given: number; miss: number } | undefined;
  for (let round = 0; round < 12; round++) {
    const given = (low + high) / 2;
    const network = pruner.scheme(pruner.unpruned, policy, given);
    const share = pruner.deadTileShare(network);
    const miss = Math.abs(share - wanted);
    if (best === undefined || miss < best.miss) best = { network, given, miss };
    if (miss < Math.min(0.01, (1 - wanted) / 4)) break;
    if (share < wanted) low = given;
    else high = given;
  }
  if (best === undefined) throw new Error('nothing was tried');
  return best;
}
