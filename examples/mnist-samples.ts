/**
 * Writes MNIST as samples for `hepc prune --data`: x float32 [count, 1, 28, 28] in [0, 1], y the digits.
 *
 *   npm run mnist -- train.npz [COUNT]          the first COUNT of the 60,000 training images, or all
 *   npm run mnist -- test.npz [COUNT] --test    of the 10,000 test images
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readMnist } from '../bench/mnist.ts';
import type { NdArray } from '../runtime/format/npy.ts';
import { writeNpz } from '../runtime/format/npz.ts';

const { values, positionals } = parseArgs({ options: { test: { type: 'boolean' } }, allowPositionals: true });
const [file, most = 'Infinity'] = positionals;
if (file === undefined) {
  process.stderr.write('usage: npm run mnist -- FILE.npz [COUNT] [--test]\n');
  process.exitCode = 2;
} else {
  const { count, images, labels } = readMnist(values.test === true ? 't10k' : 'train', Number(most));
  const arrays = new Map<string, NdArray>([
    ['x', { dtype: 'f4', shape: [count, 1, 28, 28], data: images }],
    ['y', { dtype: 'i4', shape: [count], data: Int32Array.from(labels) }],
  ]);
  writeFileSync(file, writeNpz(arrays));
}
