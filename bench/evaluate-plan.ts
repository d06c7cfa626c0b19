/**
 * Runs a plan encrypted, in a process of its own, on one thread after another number of threads, with rotations of
 * node-seal timed before and after each. Prints a `PlanEvaluation`.
 *
 *   node bench/evaluate-plan.ts PLAN.hep SAMPLES.npz '{ "threads": [1, 2], "images": 100, "seconds": 30 }'
 */
import { readFileSync } from 'node:fs';
import type { Plan } from '../ir/plan/plan.ts';
import { Client } from '../runtime/client.ts';
import { readHep } from '../runtime/hep/read.ts';
import { listSamples, loadSamples } from '../runtime/samples.ts';
import { Server } from '../runtime/server.ts';
import type { Sample } from '../ir/interface.ts';
import { type EvaluationRun, evaluationSettings, type PlanEvaluation } from './plan-evaluation.ts';
import { referenceRotation } from './reference-core.ts';
import { measureRotations } from './rotation-time.ts';

const [planFile = '', sampleFile = '', settingsText = ''] = process.argv.slice(2);
const { threads, images, seconds } = evaluationSettings.parse(JSON.parse(settingsText));
const plan = readHep(readFileSync(planFile), planFile);
const samples = listSamples(loadSamples(readFileSync(sampleFile), sampleFile, plan.client.inputs)).slice(0, images);
process.stdout.write(JSON.stringify(await evaluatePlan(plan, samples)));

async function evaluatePlan(plan: Plan, samples: readonly Sample[]): Promise<PlanEvaluation> {
  const client = await Client.create(plan.client);
  try {
    const start = performance.now();
    const keys = client.generateKeys();
    const keygenMs = performance.now() - start;
    const runs: EvaluationRun[] = [];
    for (const count of threads) {
      const [first] = runs;
      if (first !== undefined && first.prepareMs > 1000 * seconds) break;
      const own = first === undefined ? samples : samples.slice(0, Math.ceil(samples.length / 10));
      runs.push(await evaluateOn(count, client, keys.evaluationKeys, own));
    }
    return { keygenMs, evaluationKeyBytes: keys.evaluationKeys.length, runs };
  } finally {
    client.close();
  }
}

/** Sample after sample until all are done or the time is up; one is always run. */
async function evaluateOn(
  threadCount: number,
  client: Client,
  evaluationKeys: Uint8Array,
  samples: readonly Sample[],
): Promise<EvaluationRun> {
  const reference = referenceRotation(plan.client.parameters.polyModulusDegree);
  const rotationMs = await measureRotations(reference);
  const encryptMs: number[] = [];
  const evaluateMs: number[] = [];
  const decryptMs: number[] = [];
  const outputs: Record<string, number[]>[] = [];
  let uploadBytes = 0;
  const preparing = performance.now();
  const server = await Server.create(plan, { engine: 'seal-wasm', threads: threadCount });
  let prepareMs: number;
  try {
    const session = await server.openSession(evaluationKeys);
    prepareMs = performance.now() - preparing;
    const deadline = performance.now() + 1000 * seconds;
    for (const sample of samples) {
      const start = performance.now();
      if (outputs.length > 0 && start > deadline) break;
      const inputs = client.encrypt([sample]);
      encryptMs.push(performance.now() - start);
      uploadBytes = inputs.length;
      const { outputs: results, timings } = await session.evaluate(inputs);
      evaluateMs.push(timings.evaluate);
      const decrypting = performance.now();
      const [decrypted] = client.decrypt(results, { raw: true });
      decryptMs.push(performance.now() - decrypting);
      outputs.push(Object.fromEntries(Array.from(decrypted ?? [], ([name, values]) => [name, Array.from(values)])));
    }
  } finally {
    await server.close();
  }
  // Node counts in KiB on every platform.
  const peakRssBytes = process.resourceUsage().maxRSS * 1024;
  rotationMs.push(...(await measureRotations(reference)));
  return {
    threads: threadCount,
    prepareMs,
    encryptMs,
    evaluateMs,
    decryptMs,
    uploadBytes,
    peakRssBytes,
    rotationMs,
    outputs,
  };
}
