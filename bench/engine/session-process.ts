/**
 * A server of one plan on one engine, in a process of its own: prints how long it takes to be ready, evaluations, and
 * what memory it takes above what was in use before.
 *
 *   node bench/engine/session-process.ts PLAN.hep EVAL.KEYS IN.ct '{ "engine": "simd", "threads": 1, "runs": 9 }'
 */
import { readFileSync } from 'node:fs';
import { readHep } from '../../runtime/hep/read.ts';
import { Server } from '../../runtime/server.ts';
import { sessionSettings, type SessionFigures } from './session-figures.ts';

const [planFile = '', keysFile = '', inputFile = '', settingsText = ''] = process.argv.slice(2);
const { engine, threads, runs } = sessionSettings.parse(JSON.parse(settingsText));
const plan = readHep(readFileSync(planFile), planFile);
const keys = readFileSync(keysFile);
const inputs = readFileSync(inputFile);
const beforeBytes = process.memoryUsage().rss;
const start = performance.now();
const server = await Server.create(plan, { engine, threads });
try {
  const session = await server.openSession(() => keys);
  const readyMs = performance.now() - start;
  const evaluateMs: number[] = [];
  for (let run = 0; run < runs; run++) {
    const { timings } = await session.evaluate(inputs);
    evaluateMs.push(timings.evaluate);
  }
  // Node counts in KiB on every platform.
  const peakBytes = process.resourceUsage().maxRSS * 1024 - beforeBytes;
  const figures: SessionFigures = { readyMs, evaluateMs, peakBytes };
  process.stdout.write(JSON.stringify(figures));
} finally {
  await server.close();
}
