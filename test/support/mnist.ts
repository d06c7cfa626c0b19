/** The example models and the MNIST images beside them. */
import { readFileSync } from 'node:fs';

import type { Sample } from '../../ir/interface.ts';
import { loadSamples } from '../../runtime/samples.ts';

const folder = new URL('../../examples/models/', import.meta.url);

/** Largest error by model: autoencoders are held to a tenth of what classifiers are. */
export const exampleModels = [
  { name: 'mlp-784-128-128-10', maxError: 0.01, classifies: true },
  { name: 'cryptonets', maxError: 0.01, classifies: true },
  { name: 'ae-784-64-784', maxError: 0.001, classifies: false },
  { name: 'ae-784-128-32-128-784', maxError: 0.001, classifies: false },
  { name: 'ae-784-256-64-256-784', maxError: 0.001, classifies: false },
] as const;

export function modelBytes(name: string): Uint8Array {
  return readFileSync(new URL(`${name}.onnx`, folder));
}

/** 256 test images as samples of the input `input`. */
export function mnistImages(): Sample[] {
  const spec = { name: 'input', shape: [1, 28, 28], hasBatchAxis: true };
  const bytes = readFileSync(new URL('mnist-test256.npz', folder));
  const images = loadSamples(bytes, 'mnist-test256.npz', [spec]).inputs.get('input') ?? [];
  return images.map((image) => new Map([['input', image]]));
}
