/** Many operations on the same values, and many evaluations of a session: nothing grows with their number. */
import { beforeAll, expect, test } from 'vitest';
import { seededRandom } from '../../../../../../ir/random.ts';
import { keyBytes, valueBytes } from '../../../../../../runtime/rns/memory/layout.ts';
import { decompositionBytes } from '../../../../../../runtime/engines/simd/operations/operations.ts';
import { instantiateSeal, type Seal } from '../../../../../../runtime/seal/library/module.ts';
import { memoryUse } from '../../../../../support/memory-use.ts';
import { mixedPlan, randomSample, withClient, withServer } from '../../../../../support/serve-plans.ts';
import { parametersOf } from '../arbitrary-parameters.ts';
import { OperationBench } from '../operations/operation-bench.ts';
import { runStep, type Step } from '../operations/operation-steps.ts';
import { SealReference } from '../seal-reference.ts';

const mebibyte = 2 ** 20;

let seal: Seal;

beforeAll(async () => {
  seal = await instantiateSeal();
});

/** Every operation, most of them in place; the values stay what they are or become others of the same shape. */
function operationsOf(bench: OperationBench, reference: SealReference): Step[] {
  const random = seededRandom(1);
  const { n } = bench.context;
  const slots = Float64Array.from({ length: n / 2 }, () => 2 * random.uniform() - 1);
  const fresh = reference.encrypt(slots, 2 ** 20, 1);
  const [x, y] = [fresh, fresh].map((value) => bench.put(reference.residuesOf(reference.scramble(value, random))));
  if (x === undefined || y === undefined) throw new Error('two values are none');
  const plaintext = bench.put(reference.plaintextResidues(reference.encode(slots, 2 ** 20, 1)));
  const [product, lower] = [bench.value(1, 3), bench.value(0, 2)];
  const digits = bench.take(decompositionBytes(bench.context.parameters, 1));
  const relinKey = bench.putKey(reference.relinKeyDigits(), 1);
  const rotationKey = bench.rotationKey(reference.galoisKeyDigits(1), 1, 1);
  const sums = { address: bench.take(valueBytes(n, 3, 2)), level: 1 };
  const cheap: Step[] = [
    ['add', [x, y], x],
    ['addPlain', y, plaintext, y],
    ['multiplyPlain', x, plaintext, x],
    [
      'multiplyAccumulate',
      [
        { value: x, plaintext },
        { value: y, plaintext },
      ],
      { ...product, size: 2 },
    ],
    ['add', [y, { ...product, size: 2 }], y],
    ['multiply', x, y, product],
    ['modSwitch', x, lower],
  ];
  const dear: Step[] = [
    ['multiply', x, y, product],
    ['relinearize', product, relinKey, { ...product, size: 2 }],
    ['add', [x, { ...product, size: 2 }], x],
    ['multiply', x, y, product],
    ['relinearizeRescale', product, relinKey, lower],
    ['rescale', y, lower],
    ['rotate', x, rotationKey, x],
    ['decompose', y, digits],
    ['rotateDecomposed', y, digits, rotationKey, x],
    ['rotateExtended', y, digits, rotationKey, sums],
    ['divideExtended', sums, y],
  ];
  return [...Array.from({ length: 12 }, () => cheap).flat(), ...dear];
}

const operationCount = 100_000;

test(`${operationCount} operations take no memory that stays`, async () => {
  const parameters = parametersOf(4096, [48, 40], 48);
  const reference = new SealReference(seal, parameters, [1]);
  let steps: Step[] = [];
  const bench = await OperationBench.open(parameters, 3 * keyBytes(parameters, 1) + 20 * valueBytes(4096, 1, 3));
  try {
    steps = operationsOf(bench, reference);
  } finally {
    reference.close();
  }
  const operations = bench.operations();
  const run = (count: number): void => {
    for (let done = 0; done < count; done += steps.length) for (const step of steps) runStep(operations, step);
  };
  run(operationCount / 10);
  const { byteLength } = bench.context.memory.buffer;
  const before = await memoryUse();
  run(operationCount);
  const after = await memoryUse();
  expect(bench.context.memory.buffer.byteLength).toBe(byteLength);
  // Ten bytes for each of a hundred thousand; what code and statistics of the engine take besides is less.
  expect(after.heapBytes - before.heapBytes).toBeLessThan(mebibyte);
  expect(after.residentBytes - before.residentBytes).toBeLessThan(32 * mebibyte);
});

const evaluationCount = 150;

test(`${evaluationCount} evaluations take no memory that stays`, async () => {
  const plan = mixedPlan();
  await withClient(plan, async (client, keys) => {
    const inputs = client.encrypt([randomSample(plan, 1)]);
    await withServer(plan, keys, { engine: 'simd', threads: 2 }, async (server) => {
      const run = async (count: number): Promise<void> => {
        for (let k = 0; k < count; k++) await server.evaluate(inputs);
      };
      await run(evaluationCount / 3);
      const before = await memoryUse();
      await run(evaluationCount);
      const after = await memoryUse();
      // A run has inputs of half a mebibyte, of which the workers get a copy, and outputs of as much.
      expect(after.heapBytes - before.heapBytes).toBeLessThan(2 * mebibyte);
      expect(after.residentBytes - before.residentBytes).toBeLessThan(40 * mebibyte);
    });
  });
});
