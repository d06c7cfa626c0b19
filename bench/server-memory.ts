/**
 * What a server takes, in a process of its own: prints the resident bytes before anything of the plan was loaded but the
 * plan itself, and the most that there ever were.
 *
 *   node bench/server-memory.ts PLAN.hep EVAL.KEYS IN.ct
 */
import { readFileSync } from 'node:fs';
import { readHep } from '../runtime/hep/read.ts';
import { Server } from '../runtime/server.ts';

const [planFile = '', keysFile = '', inputFile = ''] = process.argv.slice(2);
const plan = readHep(readFileSync(planFile), planFile);
const beforeBytes = process.memoryUsage().rss;
const server = await Server.create(plan, { engine: 'seal-wasm' });
try {
  const session = await server.openSession(() => readFileSync(keysFile));
  await session.evaluate(readFileSync(inputFile));
} finally {
  await server.close();
}
process.stdout.write(JSON.stringify({ beforeBytes, peakBytes: process.resourceUsage().maxRSS * 1024 }));
