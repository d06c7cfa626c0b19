/**
 * Example models with neurons, pixels and channels pruned: what is dead is in no plan, whoever sees the weights, and the
 * plan computes what onnxruntime computes on the pruned ONNX file. In the normal suite an autoencoder, in the clear.
 */
import { beforeAll, describe, expect, test } from 'vitest';

import type { Plan } from '../../ir/plan/plan.ts';
import { readHep } from '../../runtime/hep/read.ts';
import { writeHep } from '../../runtime/hep/write.ts';
import { mnistImages, modelBytes } from '../support/mnist.ts';
import { type EditWeights, editInitializers, zeroColumns, zeroRows } from '../support/prune-onnx.ts';
import { compileBytes, reference, relativeError, runEncrypted, simulate } from '../support/run-plans.ts';
import { isNightly } from '../support/setup/suite.ts';

const isOdd = (row: number): boolean => row % 2 === 1;

/** Pixels outside of the inner 20 × 20. */
function isBorder(pixel: number): boolean {
  const [row, column] = [Math.floor(pixel / 28), pixel % 28];
  return row < 4 || row >= 24 || column < 4 || column >= 24;
}

const both =
  (first: EditWeights, second: EditWeights): EditWeights =>
  (weights, dims) => {
    first(weights, dims);
    second(weights, dims);
  };

/** Taps of a 5 × 5 kernel outside of its inner 3 × 3. */
const zeroOuterTaps: EditWeights = (weights) => {
  for (let i = 0; i < weights.length; i++) {
    const [row, column] = [Math.floor(i / 5) % 5, i % 5];
    if (row % 4 === 0 || column % 4 === 0) weights[i] = 0;
  }
};

interface PrunedNetwork {
  readonly name: string;
  readonly maxError: number;
  readonly edits: Readonly<Record<string, EditWeights>>;
  /** Elements of outputs that became constants. */
  readonly constants: number;
  /** The weights that it has in the normal suite, too. */
  readonly quick?: Plan['weights'];
}

const networks: readonly PrunedNetwork[] = [
  {
    name: 'ae-784-64-784',
    maxError: 0.001,
    quick: 'plain',
    edits: { '1.weight': both(zeroRows(isOdd), zeroColumns(isBorder)), '3.weight': zeroRows(isBorder) },
    constants: 384,
  },
  {
    name: 'mlp-784-128-128-10',
    maxError: 0.01,
    edits: {
      '1.weight': both(zeroRows(isOdd), zeroColumns(isBorder)),
      '3.weight': zeroRows((row) => row >= 32),
      '5.weight': zeroRows((row) => row === 9),
    },
    constants: 1,
  },
  {
    name: 'cryptonets',
    maxError: 0.01,
    edits: {
      '0.weight': both(
        zeroRows((channel) => channel === 2),
        zeroOuterTaps,
      ),
      '3.weight': zeroRows((row) => row >= 24),
    },
    constants: 0,
  },
];

const bothKinds = ['plain', 'encrypted'] as const;

const images = mnistImages();
const calibration = images.slice(128);

function throughFile(plan: Plan): { readonly plan: Plan; readonly bytes: number } {
  const bytes = writeHep(plan);
  return { plan: readHep(bytes, 'pruned.hep'), bytes: bytes.length };
}

describe.each(isNightly ? networks : networks.filter(({ quick }) => quick !== undefined))('$name', (network) => {
  const { name, maxError, edits, constants, quick } = network;
  const whole = modelBytes(name);
  const pruned = editInitializers(whole, edits);

  describe.each(isNightly || quick === undefined ? bothKinds : [quick])('%s weights', (weights) => {
    let before: ReturnType<typeof throughFile>;
    let after: ReturnType<typeof throughFile>;
    beforeAll(() => {
      const compiled = (bytes: Uint8Array) =>
        throughFile(compileBytes(bytes, { samples: calibration, maxError, weights, engine: 'seal-wasm' }).plan);
      before = compiled(whole);
      after = compiled(pruned);
    });

    test('takes fewer weights, inputs and rotations', () => {
      const [unpruned, statistics] = [before.plan.statistics, after.plan.statistics];
      const counts = ['weightTiles', 'inputCiphertexts', 'rotations', 'galoisKeys', 'peakBytes'] as const;
      for (const count of counts) expect(statistics[count], count).toBeLessThan(unpruned[count]);
      expect(after.bytes).toBeLessThan(before.bytes);
      const picked = after.plan.client.outputs.flatMap(({ index }) => [...(index ?? [])]);
      expect(picked.filter((from) => from < 0)).toHaveLength(constants);
    });

    test('computes what onnxruntime computes on the pruned file', async () => {
      const inputs = images.slice(0, 24);
      const expected = await reference(pruned, inputs);
      expect(relativeError(simulate(after.plan, inputs, 3), expected)).toBeLessThan(maxError);
      if (!isNightly) return;
      const encrypted = await runEncrypted(after.plan, inputs.slice(0, 1), 2);
      expect(relativeError(encrypted, expected.slice(0, 1))).toBeLessThan(maxError);
    });
  });
});
