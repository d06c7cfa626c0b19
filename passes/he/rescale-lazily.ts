/** Each sum of products is rescaled once, where an op needs that. */
import { z } from 'zod';

import type { HeModule } from '../../ir/he/module.ts';
import { operandsOf } from '../../ir/he/operands.ts';
import {
  dividesScale,
  isAutomorphism,
  isCipherProduct,
  isOutput,
  isPlainProduct,
  isProduct,
  isSum,
  restoresLevel,
  usesValueA,
  usesValueB,
} from '../../ir/he/traits.ts';
import { HeRewriter } from '../base/he-rewriter.ts';
import { definePass, type PassResult } from '../base/pass.ts';

export const rescaleLazily = definePass({
  name: 'rescale-lazily',
  level: 'he',
  doc:
    'Rescales once for each sum of products: before the sum is multiplied, rotated, or added to something that is no ' +
    'product, or refreshed. Rotations so run one level lower than the products that they follow. With `last: unrescaled`, products ' +
    'that no other product depends on are never rescaled: they are decrypted at the scale of the product, which saves ' +
    'the last prime and asks for a first prime that holds it. A product of ciphertexts that only plaintexts multiply may ' +
    'wait for the rescale of those products (as waterline rescaling does: EVA, PLDI 2020, section 4.2), one large prime ' +
    'in place of two: those do that have at most `defer` products of ciphertexts, themselves included, on the way to an ' +
    'output, for the later a value the less its noise is amplified. Their operands have small scales, in which the ' +
    'rounding of a rescale and of the rotations after it weigh much: with `late` those are rescaled after their ' +
    'rotations, which run a level higher. Where none may wait, `late` does so with every sum of products with plaintexts: ' +
    'what folds add up is rounded once then, and not in each summand. Drops every rescale that is there and places all anew.',
  options: z.strictObject({
    last: z.enum(['rescaled', 'unrescaled']).default('rescaled'),
    defer: z.int().min(0).default(0),
    late: z.boolean().default(false),
  }),
  requires: ['unmanaged'],
  ensures: [],
  statistics: { rescales: 'rescales of one run' },
  run: placeRescales,
});

export interface RescaleOptions {
  readonly last: 'rescaled' | 'unrescaled';
  readonly defer: number;
  readonly late: boolean;
}

/** Of a pending value: no product of two ciphertexts in it, all of them may wait for another product, or some may not. */
const NO_SQUARES = 0;
const WAITING = 1;
const SETTLING = 2;
type Squares = typeof NO_SQUARES | typeof WAITING | typeof SETTLING;

/** Whether an op reads only what waits for no rescale, and gives such a value: an output, and what is refreshed. */
function endsRescales(code: number): boolean {
  return isOutput(code) || restoresLevel(code);
}

/** The whole of the pass, for those who ask how deep a program would be. */
export function placeRescales(before: HeModule, { last, defer, late }: RescaleOptions): PassResult<HeModule> {
  const module = defer > 0 ? multiplyByOne(before, last, defer) : before;
  const { op, a, b } = module.columns;
  const terminal = last === 'unrescaled' ? terminalValues(module) : new Uint8Array(op.length);
  const settled = neededSettled(module, terminal, defer);
  const precise = late ? operandsOfWaiting(module, settled) : new Uint8Array(op.length);
  const foldsLate = late && defer === 0;
  const rewriter = new HeRewriter(module);
  /** Of each new value: whether it is a product, or a sum of products, that is yet to be rescaled. */
  const pending: boolean[] = [];
  /** Of each new value that is pending: what products of two ciphertexts in it may do. */
  const squares: Squares[] = [];
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
  const squaresIn = (old: number): Squares => squares[rewriter.at(old)] ?? NO_SQUARES;
  const mayWait = (old: number): boolean => settled[old] === 0 && squaresIn(old) === WAITING;
  const keep = (id: number, isProduct: boolean, inside: Squares): void => {
    const value = rewriter.keep(id);
    pending[value] = isProduct;
    squares[value] = inside;
  };
  for (let id = 0; id < op.length; id++) {
    const code = op[id] ?? 0;
    const x = a[id] ?? -1;
    const y = b[id] ?? -1;
    const final = terminal[id] === 1;
    if (dividesScale(code)) {
      rewriter.replace(id, rewriter.at(x));
    } else if (isCipherProduct(code)) {
      settle(id, x);
      settle(id, y);
      keep(id, !final, settled[id] === 0 ? WAITING : SETTLING);
    } else if (isPlainProduct(code)) {
      if (!mayWait(x)) settle(id, x);
      keep(id, !final, NO_SQUARES);
    } else if (isSum(code)) {
      if (isPending(x) !== isPending(y)) {
        settle(id, x);
        settle(id, y);
      }
      keep(id, isPending(x), Math.max(squaresIn(x), squaresIn(y)) as Squares);
    } else if (usesValueA(code)) {
      const isLate = precise[id] === 1 || (foldsLate && squaresIn(x) === NO_SQUARES);
      const settles = endsRescales(code) || (isAutomorphism(code) && !mayWait(x) && !isLate);
      if (settles) settle(id, x);
      keep(id, isPending(x), squaresIn(x));
    } else {
      rewriter.keep(id);
    }
  }
  return { module: rewriter.finish(), statistics: { rescales } };
}

/**
 * 1 for values that have to be rescaled by themselves: because a product of ciphertexts, an output, or a product that is
 * never rescaled reads them or a sum or rotation of them, or because more than `defer` products of ciphertexts follow.
 */
function neededSettled(
  module: HeModule,
  terminal: Uint8Array,
  defer: number,
  isExempt: (sum: number, operand: number) => boolean = () => false,
): Uint8Array {
  const { op } = module.columns;
  const needed = new Uint8Array(op.length);
  /** Products of ciphertexts on the way from a value to an output. */
  const following = new Int32Array(op.length);
  for (let id = op.length - 1; id >= 0; id--) {
    const code = op[id] ?? 0;
    if (isCipherProduct(code)) following[id] = (following[id] ?? 0) + 1;
    if ((following[id] ?? 0) > defer) needed[id] = 1;
    const demands = isPlainProduct(code)
      ? terminal[id] === 1
      : isCipherProduct(code) || endsRescales(code) || needed[id] === 1;
    for (const x of operandsOf(module.columns, id)) {
      if (demands && !isExempt(id, x)) needed[x] = 1;
      following[x] = Math.max(following[x] ?? 0, following[id] ?? 0);
    }
  }
  return needed;
}

/**
 * A product of ciphertexts that may wait, but is also added to what is none, as a skip connection adds it, is multiplied
 * by one there: a product like those that it waits for, and of the same scale.
 */
function multiplyByOne(module: HeModule, last: RescaleOptions['last'], defer: number): HeModule {
  const { op, a, b } = module.columns;
  const holds = structureOf(module);
  const terminal = last === 'unrescaled' ? terminalValues(module) : new Uint8Array(op.length);
  const wantsOne = (sum: number, x: number): boolean => {
    if (!isSum(op[sum] ?? -1) || a[sum] === b[sum]) return false;
    const other = a[sum] === x ? b[sum] : a[sum];
    return holds[x] === 'square' && (holds[other ?? -1] === 'settled' || holds[other ?? -1] === 'product of square');
  };
  const settled = neededSettled(module, terminal, defer, wantsOne);
  const rewriter = new HeRewriter(module);
  let inserted = false;
  for (let id = 0; id < op.length; id++) {
    const operands = isSum(op[id] ?? -1) ? [a[id] ?? -1, b[id] ?? -1] : [];
    if (!operands.some((x) => settled[x] === 0 && wantsOne(id, x))) {
      rewriter.keep(id);
      continue;
    }
    inserted = true;
    const [x = -1, y = -1] = operands.map((value) =>
      settled[value] === 0 && wantsOne(id, value)
        ? rewriter.insert(id, 'multiply-plain', { a: rewriter.at(value), b: rewriter.one() })
        : rewriter.at(value),
    );
    rewriter.replace(id, rewriter.insert(id, 'add', { a: x, b: y }));
  }
  return inserted ? rewriter.finish() : module;
}

/** What a value is where nothing is rescaled before it has to be. */
type Structure = 'settled' | 'product' | 'square' | 'product of square';

function structureOf({ columns }: HeModule): Structure[] {
  const { op, a, b } = columns;
  const structure: Structure[] = [];
  for (let id = 0; id < op.length; id++) {
    const of = (operand: number): Structure => structure[operand] ?? 'settled';
    structure.push(structureAfter(op[id] ?? 0, of(a[id] ?? -1), of(b[id] ?? -1)));
  }
  return structure;
}

/** What an op of this code gives for operands of these structures. */
function structureAfter(code: number, x: Structure, y: Structure): Structure {
  if (!usesValueA(code) || restoresLevel(code)) return 'settled';
  if (isCipherProduct(code)) return 'square';
  if (isPlainProduct(code)) return x === 'square' ? 'product of square' : 'product';
  if (isSum(code)) {
    return (['settled', 'product of square', 'square'] as const).find((kind) => kind === x || kind === y) ?? 'product';
  }
  return isAutomorphism(code) && x !== 'square' ? 'settled' : x;
}

/** 1 for values that a product of ciphertexts that waits reads, or a sum or rotation of them. */
function operandsOfWaiting(module: HeModule, settled: Uint8Array): Uint8Array {
  const { op } = module.columns;
  const precise = new Uint8Array(op.length);
  for (let id = op.length - 1; id >= 0; id--) {
    const code = op[id] ?? 0;
    const passesOn = isCipherProduct(code)
      ? settled[id] === 0
      : !isPlainProduct(code) && !restoresLevel(code) && precise[id] === 1;
    if (passesOn) for (const x of operandsOf(module.columns, id)) precise[x] = 1;
  }
  return precise;
}

/**
 * 1 for every value on which no product depends. Where one of them is a sum of a product and of something that is none,
 * all are 0: the two could never have the same scale.
 */
function terminalValues(module: HeModule): Uint8Array {
  const { op, a, b } = module.columns;
  const multiplied = new Uint8Array(op.length);
  for (let id = op.length - 1; id >= 0; id--) {
    const code = op[id] ?? 0;
    const below = isProduct(code) || multiplied[id] === 1;
    if (!below) continue;
    if (usesValueA(code)) multiplied[a[id] ?? -1] = 1;
    if (usesValueB(code)) multiplied[b[id] ?? -1] = 1;
  }
  const terminal = multiplied.map((bit) => 1 - bit);
  const product = new Uint8Array(op.length);
  for (let id = 0; id < op.length; id++) {
    const code = op[id] ?? 0;
    const x = a[id] ?? -1;
    if (isProduct(code)) product[id] = terminal[id] ?? 0;
    else if (usesValueA(code)) product[id] = product[x] ?? 0;
    if (isSum(code) && product[x] !== product[b[id] ?? -1]) return new Uint8Array(op.length);
  }
  return terminal;
}
