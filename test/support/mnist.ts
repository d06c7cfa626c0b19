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
  return read('mnist-test256.npz', [1, 28, 28]).images;
}

/** 128 test images of 32×32 in three channels, for residual networks, and their labels. */
export function colouredDigits(): { readonly images: Sample[]; readonly labels: readonly number[] } {
  return read('mnist32-test128.npz', [3, 32, 32]);
}

function read(file: string, shape: readonly number[]): { images: Sample[]; labels: readonly number[] } {
  const spec = { name: 'input', shape, hasBatchAxis: true };
  const { inputs, labels = [] } = loadSamples(readFileSync(new URL(file, folder)), file, [spec]);
  return { images: (inputs.get('input') ?? []).map((image) => new Map([['input', image]])), labels };
}
