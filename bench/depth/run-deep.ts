/**
 * Runs a plan encrypted on one thread, client and server in one process of its own: prints what it took (`deep-figures.ts`).
 *
 *   node bench/depth/run-deep.ts PLAN.hep INPUTS.json [WEIGHT_BYTES]
 */
import { readFileSync } from 'node:fs';
import { Client } from '../../runtime/client.ts';
import { readHep } from '../../runtime/hep/read.ts';
import { Server } from '../../runtime/server.ts';
import { type DeepFigures, deepInputs } from './deep-figures.ts';

const [planFile = '', inputsFile = '', weightBytes] = process.argv.slice(2);
const plan = readHep(readFileSync(planFile), planFile);
const { samples } = deepInputs.parse(JSON.parse(readFileSync(inputsFile, 'utf8')));

const [[input], [output]] = [plan.client.inputs, plan.client.outputs];
if (input === undefined || output === undefined) throw new Error(`${planFile} has no input, or no output`);
const client = await Client.create(plan.client);
const begun = performance.now();
const { evaluationKeys } = client.generateKeys();
const keygenMs = performance.now() - begun;

const starting = performance.now();
const memory = weightBytes === undefined ? {} : { memoryBudgetBytes: Number(weightBytes) };
const server = await Server.create(plan, { engine: 'simd', threads: 1, ...memory });
try {
  const session = await server.openSession(() => evaluationKeys);
  const readyMs = performance.now() - starting;
  const times = { encrypt: Infinity, decrypt: Infinity };
  const bytes = { upload: 0, download: 0, requests: 0, answers: 0 };
  const [evaluateMs, evaluateCpuMs]: [number[], number[]] = [[], []];
  const [serverMs, refreshMs]: [number[], number[]] = [[], []];
  const outputs: number[][] = [];
  for (const sample of samples) {
    const encrypting = performance.now();
    const inputs = client.encrypt([{ [input.name]: Float64Array.from(sample) }]);
    times.encrypt = Math.min(times.encrypt, performance.now() - encrypting);
    const own = { milliseconds: 0, cpuMs: 0, requests: 0, answers: 0 };
    const refresh = (request: Uint8Array): Promise<Uint8Array> => {
      const [begin, cpu] = [performance.now(), process.cpuUsage()];
      const answer = client.refresh(request);
      own.milliseconds += performance.now() - begin;
      own.cpuMs += cpuMsSince(cpu);
      own.requests += request.length;
      own.answers += answer.length;
      return Promise.resolve(answer);
    };
    const [evaluating, cpu] = [performance.now(), process.cpuUsage()];
    const { outputs: answers, timings } = await session.evaluate(inputs, { refresh });
    serverMs.push(performance.now() - evaluating - own.milliseconds);
    evaluateMs.push(timings.evaluate);
    evaluateCpuMs.push(cpuMsSince(cpu) - own.cpuMs);
    refreshMs.push(own.milliseconds);
    const decrypting = performance.now();
    const [answer] = client.decrypt(answers, { raw: true });
    times.decrypt = Math.min(times.decrypt, performance.now() - decrypting);
    outputs.push([...(answer?.get(output.name) ?? [])]);
    const { requests, answers: answered } = own;
    Object.assign(bytes, { upload: inputs.length, download: answers.length, requests, answers: answered });
    process.stderr.write(`  ${(timings.evaluate / 1000).toFixed(1)} s\n`);
  }
  const figures: DeepFigures = {
    keygenMs,
    evaluationKeyBytes: evaluationKeys.length,
    encryptMs: times.encrypt,
    decryptMs: times.decrypt,
    uploadBytes: bytes.upload,
    downloadBytes: bytes.download,
    readyMs,
    evaluateMs,
    evaluateCpuMs,
    serverMs,
    refreshMs,
    requestBytes: bytes.requests,
    answerBytes: bytes.answers,
    // Node counts in KiB on every platform.
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    outputs,
  };
  process.stdout.write(JSON.stringify(figures));
} finally {
  await server.close();
  client.close();
}

/** All threads together. */
function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
