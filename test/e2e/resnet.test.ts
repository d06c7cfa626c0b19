/** ResNet-8 for images of 32×32 in three channels: what its plan takes, and at night what it computes encrypted. */
import { expect, test } from 'vitest';

import type { Sample } from '../../ir/interface.ts';
import { colouredDigits, modelBytes } from '../support/mnist.ts';
import { compileBytes, reference, relativeError, runEncrypted } from '../support/run-plans.ts';
import { isNightly } from '../support/setup/suite.ts';

const { images, labels } = colouredDigits();
const bytes = modelBytes('resnet8-quadratic');

/** The label of each sample. */
function labelsOf(answers: readonly Sample[]): number[] {
  return answers.map((answer) => {
    const scores = answer.get('output') ?? new Float64Array();
    return scores.indexOf(Math.max(...scores));
  });
}

test('each value of its later stages fills one ciphertext', () => {
  const { plan, modules } = compileBytes(bytes, { samples: images.slice(0, 32), maxError: 0.2, batch: 1 });
  expect(plan.statistics).toMatchObject({
    polyModulusDegree: 16384,
    levels: 9,
    rotations: 358,
    multiplyPlain: 2695,
    multiplyCipher: 10,
  });
  const squares = modules.tile.nodes.filter(({ op }) => op === 'polynomial').map(({ type }) => String(type));
  expect(squares).toEqual([
    ...Array<string>(3).fill('[16/8, 32/32, 32/32]'),
    ...Array<string>(2).fill('[8/8, 16/16, 2^/2, 16/16, 2^/2]'),
    ...Array<string>(2).fill('[*/2, 4/4, 8/8, 4^/4, 8/8, 4^/4]'),
  ]);
});

test.runIf(isNightly)('it answers encrypted as it does in the clear, as accurately as predicted', async () => {
  const { plan } = compileBytes(bytes, { samples: images, maxError: 0.01, batch: 1 });
  const few = images.slice(0, 4);
  const [got, expected] = [await runEncrypted(plan, few, 2), await reference(bytes, few)];
  expect(labelsOf(got)).toEqual(labels.slice(0, 4));
  expect(relativeError(got, expected)).toBeLessThan(2 * plan.client.predictedMaxError);
});
