/** Pass `relinearize-lazily`: see its declaration. */
import { z } from 'zod';

import type { HeModule } from '../../ir/he/module.ts';
import { HE } from '../../ir/he/ops.ts';
import { operandsOf } from '../../ir/he/operands.ts';
import { HeRewriter } from './he-rewriter.ts';
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
  requires: [],
  ensures: [],
  statistics: { relinearizations: 'relinearisations of one run' },
  run: (module) => placeRelinearizations(module),
});

/** The whole of the pass, for passes that insert ops that need size 2. */
export function placeRelinearizations(module: HeModule): PassResult<HeModule> {
  const { op, a, b } = module.columns;
  const rewriter = new HeRewriter(module);
  /** Of each new value: whether it is of size 3. */
  const large: boolean[] = [];
  const relinearized = new Map<number, number>();
  const needed = neededSmall(module);
  let relinearizations = 0;
  const small = (user: number, old: number): void => {
    const value = rewriter.at(old);
    if (large[value] !== true) return;
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
    const x = a[id] ?? -1;
    const y = b[id] ?? -1;
    switch (code) {
      case HE.relinearize:
        rewriter.replace(id, rewriter.at(x));
        break;
      case HE.multiply:
        small(id, x);
        small(id, y);
        large[rewriter.keep(id)] = true;
        break;
      case HE.rotate:
      case HE.rescale:
      case HE['multiply-plain']:
      case HE.output:
        small(id, x);
        rewriter.keep(id);
        break;
      case HE.add: {
        for (const operand of [x, y]) if (needed[operand] === 1) small(id, operand);
        const size3 = large[rewriter.at(x)] === true || large[rewriter.at(y)] === true;
        large[rewriter.keep(id)] = size3;
        break;
      }
      case HE['add-plain']:
      case HE['mod-switch']: {
        const size3 = large[rewriter.at(x)] === true;
        large[rewriter.keep(id)] = size3;
        break;
      }
      default:
        rewriter.keep(id);
    }
  }
  return { module: rewriter.finish(), statistics: { relinearizations } };
}

/** 1 for values, and relinearisations of them, that some op needs at size 2: their sums take that as well. */
function neededSmall({ columns }: HeModule): Uint8Array {
  const { op, a } = columns;
  const needed = new Uint8Array(op.length);
  for (let id = op.length - 1; id >= 0; id--) {
    const code = op[id] ?? 0;
    const keepsSize = code === HE.add || code === HE['add-plain'] || code === HE['mod-switch'];
    if (code === HE.relinearize && needed[id] === 1) needed[a[id] ?? -1] = 1;
    if (code !== HE.relinearize && !keepsSize) for (const operand of operandsOf(columns, id)) needed[operand] = 1;
  }
  return needed;
}
