/** Every operator that the importer knows, against onnxruntime. */
import { describe, expect, test } from 'vitest';

import { supportedOperators } from '../../../../compiler/onnx/domains.ts';
import { arithmeticCases } from './cases/arithmetic.ts';
import { activationCases } from './cases/activations.ts';
import { batchCases } from './cases/batches.ts';
import { comparisonCases } from './cases/comparisons.ts';
import { clientCases } from './cases/client.ts';
import { functionCases } from './cases/functions.ts';
import { linearCases } from './cases/linear.ts';
import { microsoftCases } from './cases/microsoft.ts';
import { movementCases } from './cases/movement.ts';
import { quantizationCases } from './cases/quantization.ts';
import { recurrentCases } from './cases/recurrent.ts';
import { positionCases } from './cases/positions.ts';
import { samplingCases } from './cases/sampling.ts';
import { signalCases } from './cases/signal.ts';
import { symbolicCases } from './cases/symbolic.ts';
import { expectSameAsOnnxruntime } from './differential.ts';

const groups = {
  linear: linearCases,
  movement: movementCases,
  arithmetic: arithmeticCases,
  activations: activationCases,
  comparisons: comparisonCases,
  'functions of encrypted values': functionCases,
  quantization: quantizationCases,
  positions: positionCases,
  'com.microsoft': microsoftCases,
  sampling: samplingCases,
  signals: signalCases,
  'shape arithmetic': symbolicCases,
  batches: batchCases,
  recurrent: recurrentCases,
  'what the client computes': clientCases,
};

for (const [group, cases] of Object.entries(groups)) {
  describe(group, () => {
    test.each(cases.map((c) => [c.name, c] as const))('%s', async (_, { spec }) => {
      await expectSameAsOnnxruntime(spec);
    });
  });
}

test('every supported operator has a case', () => {
  const covered = new Set(
    Object.values(groups).flatMap((cases) => cases.flatMap(({ spec }) => spec.nodes.map(({ opType }) => opType))),
  );
  // onnxruntime has no kernel for these: `modules.test.ts`.
  const elsewhere = new Set(['Upsample', 'Swish', 'RMSNormalization']);
  const all = ['', 'com.microsoft'].flatMap(supportedOperators);
  expect(all.filter((name) => !covered.has(name) && !elsewhere.has(name))).toEqual([]);
});
