/** Saved ciphertexts into the shared memory and out of it, by teams of any size, against what SEAL loads and saves. */
import { engineProfiles } from '../../../../../../costs/profiles.ts';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import type { Ciphertext } from 'node-seal';
import { beforeAll, expect, test } from 'vitest';
import type { Parameters } from '../../../../../../ir/parameters.ts';
import { seededRandom } from '../../../../../../ir/random.ts';
import { type Value, valueBytes } from '../../../../../../runtime/rns/memory/layout.ts';
import { loadingBytes } from '../../../../../../runtime/engines/simd/bytes/loading-room.ts';
import { compileKernels } from '../../../../../../runtime/rns/kernels/module.ts';
import { teamBytes, teamWords } from '../../../../../../runtime/engines/simd/session/shared-team.ts';
import type { FusedProgram } from '../../../../../../runtime/engines/simd/program/steps.ts';
import { alone } from '../../../../../../runtime/rns/team.ts';
import { liveHandles } from '../../../../../../runtime/seal/library/handles.ts';
import { instantiateSeal, type Seal } from '../../../../../../runtime/seal/library/module.ts';
import { leave } from '../../../../../support/leave.ts';
import { parametersOf } from '../arbitrary-parameters.ts';
import { type IoCall, type IoTask, makeCalls } from './ciphertext-calls.ts';
import type { CiphertextProtocol } from './ciphertext-member.ts';
import { OperationBench } from '../operations/operation-bench.ts';
import { SealReference } from '../seal-reference.ts';
import { casesOf, isNightly } from '../../../../../support/setup/suite.ts';

const { largestPrimeBits } = engineProfiles.simd.capabilities;

let seal: Seal;

beforeAll(async () => {
  seal = await instantiateSeal();
});

type Runs = CiphertextProtocol['reply'];

/** What all members have saved in each run, by the index of the output. */
async function byTeam(bench: OperationBench, size: number, teamAt: number, task: IoTask): Promise<Uint8Array[][]> {
  const replies = size === 1 ? [makeCalls(bench.context, alone, task)] : await byWorkers(bench, size, teamAt, task);
  return task.runs.map((_, run) => {
    const outputs: Uint8Array[] = [];
    for (const reply of replies) for (const { index, bytes } of reply[run] ?? []) outputs[index] = bytes;
    return outputs;
  });
}

async function byWorkers(bench: OperationBench, size: number, teamAt: number, task: IoTask): Promise<Runs[]> {
  const { memory, parameters, primes } = bench.context;
  const team = teamWords(memory.buffer, teamAt);
  const module = await compileKernels();
  const workers = Array.from({ length: size }, (_, index) => {
    const worker = new Worker(new URL('./ciphertext-member.ts', import.meta.url), { execArgv: [] });
    const context = primes[0] ?? 0;
    worker.postMessage({
      ...{ module, memory, parameters, context, team, index, size, task },
    } satisfies CiphertextProtocol['request']);
    return worker;
  });
  const replies = await Promise.all(
    workers.map(async (worker): Promise<Runs> => {
      const [reply] = (await once(worker, 'message')) as [Runs];
      return reply;
    }),
  );
  await leave(workers);
  return replies;
}

/** Inputs of these levels, read in this order; those that are not in it are not read. */
interface Inputs {
  readonly levels: readonly number[];
  readonly order: readonly number[];
}

const scale = 2 ** 10;

async function check(parameters: Parameters, { levels, order }: Inputs, size: number, seed: number): Promise<void> {
  const { polyModulusDegree: n } = parameters;
  const random = seededRandom(seed);
  const reference = new SealReference(seal, parameters, [1]);
  try {
    const slots = (): Float64Array => Float64Array.from({ length: n / 2 }, () => random.uniform() - 0.5);
    const runs = [0, 1].map(() => levels.map((level) => reference.encryptSeeded(slots(), scale, level)));
    const top = parameters.primes.length - 1;
    const weights = [0, top].map((level) => reference.encrypt(slots(), scale, level));
    // Of both sizes, and with residues at the ends of their ranges.
    const outputs = levels.flatMap((level) => {
      const x = reference.encrypt(slots(), scale * 1.5, level);
      const square = reference.ciphertext((target) => {
        reference.evaluator.square(x, target);
      });
      return [reference.scramble(x, random), square];
    });

    const values = 3 * levels.length + weights.length + outputs.length;
    const bytes = loadingBytes(parameters, size) + values * valueBytes(n, top, 3) + teamBytes + 2 ** 16;
    const bench = await OperationBench.open(parameters, bytes);
    const places = levels.map((level) => bench.value(level, 2));
    const weightPlaces = weights.map((weight) => bench.value(weight.coeffModulusSize() - 1, 2));
    const at = (index: number): Value => places[index] ?? { address: 0, level: 0, size: 0 };
    const put = outputs.map((output) => bench.put(reference.residuesOf(output)));
    const calls: IoCall[] = [
      ...weightPlaces.slice(0, 1).map((value): IoCall => ['loadWeight', 0, value]),
      ...order.map((index): IoCall => ['loadInput', index, at(index)]),
      ...weightPlaces.slice(1).map((value): IoCall => ['loadWeight', 1, value]),
      ...put.map((value, index): IoCall => ['saveOutput', index, value]),
    ];
    const task: IoTask = {
      rooms: bench.take(loadingBytes(parameters, size)),
      program: programOf(levels, order, outputs.length),
      outputScales: outputs.map((output) => output.scale()),
      weights: new Map(weights.map((weight, row) => [row, reference.save(weight)])),
      runs,
      calls,
    };
    const saved = await byTeam(bench, size, bench.take(teamBytes), task);

    const expectValue = (value: Value, expected: Ciphertext, what: string): void => {
      const { residues } = reference.residuesOf(expected);
      const wrong = bench.get(value).findIndex((residue, k) => residue !== residues[k]);
      expect(wrong, what).toBe(-1);
    };
    // Of the last run.
    for (const index of order)
      expectValue(
        at(index),
        reference.load(runs[1]?.[index] ?? new Uint8Array()),
        `input ${index} of ${levels.length}`,
      );
    for (const [k, weight] of weights.entries()) expectValue(weightPlaces[k] ?? at(0), weight, `weight ${k}`);
    for (const run of saved) {
      expect(run).toHaveLength(outputs.length);
      for (const [k, output] of outputs.entries())
        expect(Buffer.compare(run[k] ?? new Uint8Array(), reference.save(output)), `output ${k}`).toBe(0);
    }
  } finally {
    reference.close();
  }
  expect(liveHandles()).toBe(0);
}

/** Inputs and outputs alone, as `CiphertextIo` sees a program. */
function programOf(levels: readonly number[], order: readonly number[], outputs: number): FusedProgram {
  return {
    steps: [
      ...order.map((index, target) => ({ kind: 'input', index, target }) as const),
      ...Array.from({ length: outputs }, (_, index) => ({ kind: 'output', index, a: 0 }) as const),
    ],
    stages: [0],
    values: order.map((index) => ({ form: 'ciphertext', level: levels[index] ?? 0, size: 2 })),
    extendedRows: new Uint8Array(),
  };
}

const cases = fc
  .record({
    bits: fc.array(fc.integer({ min: 25, max: largestPrimeBits }), { minLength: 1, maxLength: 4 }),
    inputs: fc.array(fc.record({ level: fc.nat(3), place: fc.nat(), isRead: fc.integer({ min: 0, max: 4 }) }), {
      minLength: 1,
      maxLength: 6,
    }),
    seed: fc.nat(),
  })
  .map(({ bits, inputs, seed }) => {
    const levels = inputs.map(({ level }) => level % bits.length);
    const order = [...levels.keys()].sort((i, j) => (inputs[i]?.place ?? 0) - (inputs[j]?.place ?? 0));
    const read = order.filter((index) => inputs[index]?.isRead !== 0);
    return { parameters: parametersOf(4096, bits, largestPrimeBits), inputs: { levels, order: read }, seed };
  });

test.each([1, 2, 3])('inputs and outputs of random levels, by a team of %i', async (size) => {
  await fc.assert(
    fc.asyncProperty(cases, ({ parameters, inputs, seed }) => check(parameters, inputs, size, seed)),
    { numRuns: size === 1 ? casesOf({ normal: 2, nightly: 10 }) : casesOf({ normal: 1, nightly: 6 }) },
  );
});

test.each([
  { n: 8192, bits: [48, 40, 45], levels: [2, 0, 1, 2, 1] },
  ...(isNightly ? [{ n: 16384, bits: [48, 40, 40, 40, 44, 45, 46, 47], levels: [7, 0, 3, 7, 5] } as const] : []),
] as const)('a larger degree, and more inputs than members: n = $n', async ({ n, bits, levels }) => {
  await check(parametersOf(n, bits, 48), { levels, order: [4, 0, 2, 1, 3] }, 2, 1);
});

test('outputs in a row wait for each other once, after the last', async () => {
  const parameters = parametersOf(4096, [30], 30);
  const bench = await OperationBench.open(parameters, loadingBytes(parameters, 1) + 2 ** 20);
  const value = bench.value(0, 2);
  const program = programOf([0], [0], 3);
  const [, ...outputs] = program.steps;
  let barriers = 0;
  const team = { ...alone, barrier: () => barriers++ };
  const save = (index: number): IoCall => ['saveOutput', index, value];
  makeCalls(bench.context, team, {
    rooms: bench.take(loadingBytes(parameters, 1)),
    // Twice three in a row.
    program: { ...program, steps: [...outputs, ...program.steps] },
    outputScales: [1, 1, 1, 1, 1, 1],
    weights: new Map(),
    runs: [[]],
    calls: [0, 1, 2, 3, 4, 5].map(save),
  });
  expect(barriers).toBe(2);
});
