/** Ciphertexts that are zero, or that no output depends on, are dropped. */
import { z } from 'zod';

import { Constant } from '../../ir/constant.ts';
import type { HeModule } from '../../ir/he/module.ts';
import { zeroPlaintexts } from '../../ir/he/plaintexts.ts';
import {
  isAddition,
  isInput,
  isOutput,
  isPlainProduct,
  isPort,
  isProduct,
  isSum,
  usesPlaintextB,
  usesValueA,
  usesValueB,
} from '../../ir/he/traits.ts';
import { HeRewriter } from '../base/he-rewriter.ts';
import { definePass } from '../base/pass.ts';

/** The plaintext of a product whose result must exist although it is zero. */
const carrier = 2 ** -60;

export const deadCiphertexts = definePass({
  name: 'dead-ciphertexts',
  level: 'he',
  doc:
    'Drops every ciphertext that no output depends on, inputs included, and every ciphertext that is zero: a product ' +
    'with an all-zero plaintext kills what follows from it, up to the sums that have other summands. A zero that an ' +
    'output or a plaintext addition needs becomes a product with 2^−60: SEAL refuses products with zero.',
  options: z.strictObject({}),
  requires: ['unmanaged'],
  ensures: ['no-zero-products'],
  statistics: {
    zero: 'values that are zero',
    unused: 'values that no output depends on',
    inputs: 'input ciphertexts that are not sent',
  },
  run: (module) => {
    const zero = zeroValues(module);
    const live = liveValues(module, zero);
    const { op, a, b } = module.columns;
    const counts = { zero: 0, unused: 0, inputs: 0 };
    const rewriter = new HeRewriter(module);
    const packed = [...module.packed];
    const faint = (): number => {
      if (packed.length === module.packed.length) packed.push(new Constant([1, 1], Float64Array.of(carrier)));
      return rewriter.plaintext({ source: packed.length - 1, tile: 0, shift: 0, inner: 1 });
    };
    for (let id = 0; id < op.length; id++) {
      const code = op[id] ?? 0;
      const x = a[id] ?? -1;
      const y = b[id] ?? -1;
      if (zero[id] === 1) counts.zero++;
      if (live[id] === 0) {
        if (zero[id] === 0) counts.unused++;
        if (isInput(code)) counts.inputs++;
      } else if (zero[id] === 1) {
        if (isPlainProduct(code) && zero[x] === 0) {
          rewriter.replace(id, rewriter.insert(id, 'multiply-plain', { a: rewriter.at(x), b: faint() }));
        } else {
          rewriter.replace(id, rewriter.at(zeroOperand(module, zero, id)));
        }
      } else if (isSum(code) && zero[x] === 1) {
        rewriter.replace(id, rewriter.at(y));
      } else if (isSum(code) && zero[y] === 1) {
        rewriter.replace(id, rewriter.at(x));
      } else {
        rewriter.keep(id);
      }
    }
    return { module: { ...rewriter.finish(), packed }, statistics: counts };
  },
});

/** 1 for every value whose slots are all zero whatever the inputs are. */
function zeroValues(module: HeModule): Uint8Array {
  const { op, a, b } = module.columns;
  const zeroPlaintext = zeroPlaintexts(module);
  const zero = new Uint8Array(op.length);
  for (let id = 0; id < op.length; id++) {
    const code = op[id] ?? 0;
    const x = zero[a[id] ?? -1] === 1;
    if (isPort(code)) continue;
    const y = usesPlaintextB(code) ? zeroPlaintext[b[id] ?? -1] === 1 : zero[b[id] ?? -1] === 1;
    if (isProduct(code)) zero[id] = x || y ? 1 : 0;
    else if (isAddition(code)) zero[id] = x && y ? 1 : 0;
    else zero[id] = x ? 1 : 0;
  }
  return zero;
}

/** The operand that a zero value is replaced by: a zero as well, save for a product with a plaintext of zeros. */
function zeroOperand({ columns: { op, a, b } }: HeModule, zero: Uint8Array, id: number): number {
  const x = a[id] ?? -1;
  const y = b[id] ?? -1;
  return usesValueB(op[id] ?? 0) && zero[x] === 0 ? y : x;
}

/** 1 for every value that an output depends on, where zero summands do not count, nor the other factor of a zero. */
function liveValues(module: HeModule, zero: Uint8Array): Uint8Array {
  const { op, a, b } = module.columns;
  const live = new Uint8Array(op.length);
  for (let id = op.length - 1; id >= 0; id--) {
    const code = op[id] ?? 0;
    if (isOutput(code)) live[id] = 1;
    if (live[id] === 0) continue;
    const x = a[id] ?? -1;
    const y = b[id] ?? -1;
    if (zero[id] === 1) {
      live[zeroOperand(module, zero, id)] = 1;
    } else if (isSum(code)) {
      if (zero[x] === 0) live[x] = 1;
      if (zero[y] === 0) live[y] = 1;
    } else {
      if (usesValueA(code)) live[x] = 1;
      if (usesValueB(code)) live[y] = 1;
    }
  }
  return live;
}
