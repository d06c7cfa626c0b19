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

const usage = `usage: npm run mnist -- FILE.npz [COUNT] [--test]

  FILE.npz  where to write samples and labels
  COUNT     how many of the images, from the first on; all unless told
  --test    of the 10,000 test images, in place of the 60,000 for training
`;

const counts = /^[1-9]\d*$/;

function main(): void {
  const options = { test: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true, strict: true });
  if (values.help === true) {
    process.stdout.write(usage);
    return;
  }
  const [file, most, ...others] = positionals;
  if (file === undefined || others.length > 0 || (most !== undefined && !counts.test(most)))
    throw new Error(
      file === undefined
        ? 'FILE.npz is missing'
        : others.length > 0
          ? `unexpected ${others.join(' ')}`
          : `COUNT is a whole number of at least 1, got ${JSON.stringify(most)}`,
    );
  const { count, images, labels } = readMnist(values.test === true ? 't10k' : 'train', Number(most ?? Infinity));
  const arrays = new Map<string, NdArray>([
    ['x', { dtype: 'f4', shape: [count, 1, 28, 28], data: images }],
    ['y', { dtype: 'i4', shape: [count], data: Int32Array.from(labels) }],
  ]);
  writeFileSync(file, writeNpz(arrays));
}

try {
  main();
} catch (error) {
  process.stderr.write(`mnist: ${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  process.exitCode = 2;
}
