/** Pass `rescale-lazily`: see its declaration. */
import { z } from 'zod';

import { type HeModule, usesValueA, usesValueB } from '../ir/he/module.ts';
import { HE } from '../ir/he/ops.ts';
import { HeRewriter } from './he-rewriter.ts';
import { definePass } from './pass.ts';

export const rescaleLazily = definePass({
  name: 'rescale-lazily',
  level: 'he',
  doc:
    'Rescales once for each sum of products: before the sum is multiplied, rotated, or added to something that is no ' +
    'product. Rotations so run one level lower than the products that they follow. With `last: unrescaled`, products ' +
    'that no other product depends on are never rescaled: they are decrypted at the scale of the product, which saves ' +
    'the last prime and asks for a first prime that holds it. Drops every rescale that is there and places all anew.',
  options: z.strictObject({ last: z.enum(['rescaled', 'unrescaled']).default('rescaled') }),
  requires: [],
  ensures: [],
  statistics: { rescales: 'rescales of one run' },
  run: (module, { last }) => {
    const { op, a, b } = module.columns;
    const terminal = last === 'unrescaled' ? terminalValues(module) : new Uint8Array(op.length);
    const rewriter = new HeRewriter(module);
    /** Of each new value: whether it is a product, or a sum of products, that is yet to be rescaled. */
    const pending: boolean[] = [];
    const rescaled = new Map<number, number>();
    let rescales = 0;
    const settle = (user: number, old: number): void => {
      const value = rewriter.at(old);
      if (pending[value] !== true) return;
      let result = rescaled.get(value);
      if (result === undefined) {
        result = rewriter.insert(user, 'rescale', { a: value });
        rescaled.set(value, result);
        rescales++;
      }
      rewriter.replace(old, result);
    };
    const isPending = (old: number): boolean => pending[rewriter.at(old)] === true;
    for (let id = 0; id < op.length; id++) {
      const code = op[id] ?? 0;
      const x = a[id] ?? -1;
      const y = b[id] ?? -1;
      const final = terminal[id] === 1;
      switch (code) {
        case HE.rescale:
          rewriter.replace(id, rewriter.at(x));
          break;
        case HE.multiply:
        case HE['multiply-plain']:
          settle(id, x);
          if (code === HE.multiply) settle(id, y);
          pending[rewriter.keep(id)] = !final;
          break;
        case HE.add: {
          if (isPending(x) !== isPending(y)) {
            settle(id, x);
            settle(id, y);
          }
          const both = isPending(x);
          pending[rewriter.keep(id)] = both;
          break;
        }
        case HE['add-plain']:
        case HE.relinearize:
        case HE['mod-switch']: {
          const is = isPending(x);
          pending[rewriter.keep(id)] = is;
          break;
        }
        case HE.rotate:
        case HE.output:
          settle(id, x);
          rewriter.keep(id);
          break;
        default:
          rewriter.keep(id);
      }
    }
    return { module: rewriter.finish(), statistics: { rescales } };
  },
});

/**
 * 1 for every value on which no product depends. Where one of them is a sum of a product and of something that is none,
 * all are 0: the two could never have the same scale.
 */
function terminalValues(module: HeModule): Uint8Array {
  const { op, a, b } = module.columns;
  const multiplied = new Uint8Array(op.length);
  for (let id = op.length - 1; id >= 0; id--) {
    const code = op[id] ?? 0;
    const below = code === HE.multiply || code === HE['multiply-plain'] || multiplied[id] === 1;
    if (!below) continue;
    if (usesValueA(code)) multiplied[a[id] ?? -1] = 1;
    if (usesValueB(code)) multiplied[b[id] ?? -1] = 1;
  }
  const terminal = multiplied.map((bit) => 1 - bit);
  const product = new Uint8Array(op.length);
  for (let id = 0; id < op.length; id++) {
    const code = op[id] ?? 0;
    const x = a[id] ?? -1;
    if (code === HE.multiply || code === HE['multiply-plain']) product[id] = terminal[id] ?? 0;
    else if (usesValueA(code)) product[id] = product[x] ?? 0;
    if (code === HE.add && product[x] !== product[b[id] ?? -1]) return new Uint8Array(op.length);
  }
  return terminal;
}
