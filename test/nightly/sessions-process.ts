/**
 * A process that opens and closes sessions: `sessions-process.ts FOLDER SEED SESSIONS THREADS ENDING`. FOLDER has a file of
 * evaluation keys and one of inputs of `smallPlan`. ENDING says whether it ends with its server closed, or alive.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Server } from '../../runtime/server.ts';
import { drawOf } from '../fuzz/mutate/draw.ts';
import { smallPlan } from '../fuzz/targets/small-plan.ts';

/** Workers of `seal-wasm`, each with a heap of its own of 100 MiB and more. */
const mostInstances = 4;

const [folder = '', seed = '', sessions = '', threads = '', ending = ''] = process.argv.slice(2);
const draw = drawOf(Number(seed), 'sessions', Number(threads));
const [keys, inputs] = ['keys', 'inputs'].map((name) => new Uint8Array(readFileSync(join(folder, name))));
if (keys === undefined || inputs === undefined) throw new Error('no files');
const plan = smallPlan();

let opened = 0;
while (opened < Number(sessions)) {
  // Most of what may go wrong is in the workers' first milliseconds and their last.
  const engine = Number(threads) > mostInstances || draw.chance(0.8) ? 'simd' : 'seal-wasm';
  const server = await Server.create(plan, { engine, threads: Number(threads) });
  // Starting many workers takes seconds.
  const some = Math.min(Number(sessions) - opened, 1 + draw.below(Number(threads) > 8 ? 50 : 8));
  for (let k = 0; k < some; k++) {
    const session = await server.openSession(keys);
    opened++;
    const controller = new AbortController();
    const evaluation = draw.chance(0.5) ? session.evaluate(inputs, { signal: controller.signal }) : undefined;
    if (draw.chance(0.3)) {
      await new Promise((resolve) => setTimeout(resolve, draw.below(5)));
      controller.abort();
    }
    if (draw.chance(0.5)) await evaluation?.catch(() => undefined);
    await Promise.all([evaluation?.catch(() => undefined), session.close()]);
  }
  if (ending === 'alive' && opened >= Number(sessions)) process.exit(0);
  await server.close();
}
