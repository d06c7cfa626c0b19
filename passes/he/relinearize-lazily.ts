/** Products of ciphertexts are brought back to size 2 where an op needs that, sums of them once. */
import { z } from 'zod';

import type { HeModule } from '../../ir/he/module.ts';
import { isPlainProduct, isSum, relinearizes, sizeGiven, sizeTaken } from '../../ir/he/traits.ts';
import { operandsOf } from '../../ir/he/operands.ts';
import { HeRewriter } from '../base/he-rewriter.ts';
import { definePass, type PassResult } from '../base/pass.ts';

export const relinearizeLazily = definePass({
  name: 'relinearize-lazily',
  level: 'he',
  doc:
    'Brings products of two ciphertexts back to size 2 where an op needs that: before rotations, products, rescales and ' +
    'outputs. Sums of products are relinearised once, after the sum. A rescale of size 3 would be cheaper by a level, but ' +
    'its rounding of the third polynomial is multiplied by the square of the secret: about a hundred times the error. ' +
    'Drops every relinearisation that is there and places all of them anew.',
  options: z.strictObject({}),
  requires: ['unmanaged'],
  ensures: ['relinearised'],
  statistics: { relinearizations: 'relinearisations of one run' },
  run: (module) => placeRelinearizations(module),
});

/** The whole of the pass, for passes that insert ops that need size 2. */
export function placeRelinearizations(module: HeModule): PassResult<HeModule> {
  const { op, a } = module.columns;
  const rewriter = new HeRewriter(module);
  /** Of each new value: its size. */
  const sizes: number[] = [];
  const relinearized = new Map<number, number>();
  const needed = neededSmall(module);
  let relinearizations = 0;
  const small = (user: number, old: number): void => {
    const value = rewriter.at(old);
    if (sizes[value] !== 3) return;
    let result = relinearized.get(value);
    if (result === undefined) {
      result = rewriter.insert(user, 'relinearize', { a: value });
      relinearized.set(value, result);
      relinearizations++;
    }
    rewriter.replace(old, result);
  };
  for (let id = 0; id < op.length; id++) {
    const code = op[id] ?? 0;
    if (relinearizes(code)) {
      rewriter.replace(id, rewriter.at(a[id] ?? -1));
      continue;
    }
    const operands = operandsOf(module.columns, id);
    // What some op needs small anyway is small in sums as well.
    for (const x of operands) if (wantsSmall(code) || (isSum(code) && needed[x] === 1)) small(id, x);
    const largest = operands.reduce((most, x) => Math.max(most, sizes[rewriter.at(x)] ?? 2), 2);
    sizes[rewriter.keep(id)] = sizeGiven(code, largest);
  }
  return { module: rewriter.finish(), statistics: { relinearizations } };
}

/** A product with a plaintext takes any size, but one of size 3 costs half as much again, and is rescaled afterwards. */
function wantsSmall(code: number): boolean {
  return sizeTaken(code) === 2 || isPlainProduct(code);
}

/** 1 for values, and relinearisations of them, that some op needs at size 2: their sums take that as well. */
function neededSmall({ columns }: HeModule): Uint8Array {
  const { op, a } = columns;
  const needed = new Uint8Array(op.length);
  for (let id = op.length - 1; id >= 0; id--) {
    const code = op[id] ?? 0;
    if (relinearizes(code) && needed[id] === 1) needed[a[id] ?? -1] = 1;
    if (wantsSmall(code)) for (const operand of operandsOf(columns, id)) needed[operand] = 1;
  }
  return needed;
}
