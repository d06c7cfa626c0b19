/** Classifiers of random sizes answer what onnxruntime answers. */
import fc from 'fast-check';
import { test } from 'vitest';

import { elementType } from '../../../../../../support/onnx-builder.ts';
import { given, ml, numbers } from '../../../cases/ml/case.ts';
import { expectSameAnswers } from './same-answers.ts';

const shape = fc.record({
  classes: fc.integer({ min: 2, max: 6 }),
  features: fc.integer({ min: 1, max: 5 }),
  seed: fc.nat(1000),
  texts: fc.boolean(),
  post_transform: fc.constantFrom('NONE', 'LOGISTIC', 'SOFTMAX'),
});

function labels(classes: number, texts: boolean) {
  const places = Array.from({ length: classes }, (_, i) => classes - i);
  return texts ? { classlabels_strings: { strings: places.map(String) } } : { classlabels_ints: places };
}

test('LinearClassifier', async () => {
  await fc.assert(
    fc.asyncProperty(shape, async ({ classes, features, seed, texts, post_transform }) => {
      const classifier = ml('LinearClassifier', 'x', 'label p', {
        ...labels(classes, texts),
        coefficients: { floats: numbers(classes * features, seed) },
        intercepts: { floats: numbers(classes, seed + 1) },
        post_transform,
      });
      const types = { label: texts ? elementType.string : elementType.int64 };
      const outputs = ['label', 'p'];
      await expectSameAnswers(given('', { inputs: { x: ['n', features] }, types, outputs, nodes: [classifier] }).spec);
    }),
    { numRuns: 40 },
  );
});

test('SVMClassifier', async () => {
  const machine = fc.record({
    perClass: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 6, maxLength: 6 }),
    degree: fc.integer({ min: 1, max: 4 }),
    probable: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(shape, machine, async ({ classes, features, seed, texts }, { perClass, degree, probable }) => {
      const own = perClass.slice(0, classes);
      const count = own.reduce((total, n) => total + n, 0);
      const pairs = (classes * (classes - 1)) / 2;
      const sigmoids = {
        prob_a: { floats: numbers(pairs, seed).map((a) => a - 1.5) },
        prob_b: { floats: numbers(pairs, seed + 1) },
      };
      const classifier = ml('SVMClassifier', 'x', 'label p', {
        ...labels(classes, texts),
        kernel_type: degree === 1 ? 'LINEAR' : 'POLY',
        kernel_params: { floats: [0.3, 0.5, degree] },
        vectors_per_class: own,
        support_vectors: { floats: numbers(count * features, seed + 2) },
        coefficients: { floats: numbers((classes - 1) * count, seed + 3) },
        rho: { floats: numbers(pairs, seed + 4) },
        ...(probable && sigmoids),
      });
      const types = { label: texts ? elementType.string : elementType.int64 };
      const outputs = ['label', 'p'];
      await expectSameAnswers(given('', { inputs: { x: ['n', features] }, types, outputs, nodes: [classifier] }).spec);
    }),
    { numRuns: 60 },
  );
});
