import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { readPlan, Server } from '../../../runtime/server-library.ts';
import { type Instance, placesOf, plansOf } from '../instance.ts';
import { withFile, withNewFile } from './files.ts';

/** Bytes for encoded weights: all of the largest plan. */
const memoryBudgetBytes = 2.5 * 2 ** 30;

/** Evaluates the network on the encrypted images, with evaluation keys alone. */
export async function compute(instance: Instance): Promise<void> {
  const { evaluationKeys, inputs, download, outputs } = placesOf(instance);
  const plan = plansOf(instance).server;
  const start = performance.now();
  const server = await Server.create(readPlan(readFileSync(plan), plan), {
    threads: availableParallelism(),
    memoryBudgetBytes,
  });
  try {
    const session = await server.openSession(() => readFileSync(evaluationKeys));
    const prepared = performance.now();
    await withFile(inputs, (source) => withNewFile(download, outputs, (append) => session.evaluateTo(source, append)));
    const seconds = (from: number, to: number): string => `${((to - from) / 1000).toFixed(2)} s`;
    process.stdout.write(
      `         [server] weights and keys in ${seconds(start, prepared)}, ` +
        `evaluated in ${seconds(prepared, performance.now())} by ${server.engineName}\n`,
    );
  } finally {
    await server.close();
  }
}
