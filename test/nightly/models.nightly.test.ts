import { describe, expect, test } from 'vitest';

import { exampleModels, mnistImages, modelBytes } from '../support/mnist.ts';
import { expectReadBack } from '../support/read-back.ts';
import { argmaxAgreement, compileBytes, reference, relativeError, runEncrypted } from '../support/run-plans.ts';

const images = mnistImages();

describe.each(exampleModels)('$name', ({ name, maxError, classifies }) => {
  test('computes what onnxruntime computes, encrypted', async () => {
    const bytes = modelBytes(name);
    const compilation = compileBytes(bytes, { samples: images.slice(128), maxError });
    expectReadBack(compilation);
    const { plan } = compilation;
    const samples = classifies ? images : images.slice(0, 20);
    const expected = await reference(bytes, samples);
    const got = await runEncrypted(plan, samples, 2);
    expect(relativeError(got, expected)).toBeLessThan(maxError);
    if (classifies) expect(argmaxAgreement(got, expected)).toBeGreaterThanOrEqual(0.99);
  });
});
