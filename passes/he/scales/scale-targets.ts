/**
 * The largest scale that each value may have, as a power of two, with the bits of every product shared out between its
 * operands so that both err alike.
 *
 * Bounds go from users to operands. A value with its scale stays below the modulus of its level. What is rescaled by
 * prime q is q times as large before. A product of ciphertexts gives each operand half of its bits, unless the scale of one
 * follows from the other: this keeps the bits of a prime then, for squares of powers that are read further down as well
 * would each lose twice as many bits as the one before. A product of t bits with a plaintext gives the plaintext δ of them:
 * rounding at scale one has the deviation N/6 for a ciphertext and √(N/12) for a plaintext (`ir/interpret/noise.ts`),
 * γ = log2(N/6) − log2(√(N/12)) bits less. A value in which the roundings of its rescale and of k − 1 rotations have added
 * up errs as s − log2(√k) bits would. So s = δ + γ + log2(√k) − β for an operand of scale 2^s, with β for weights being
 * smaller than values: their errors are multiplied by values, those of values by weights. Where the operand is the square
 * of such a value, not yet rescaled, its error is twice that at half of the bits: t = 2s + δ with s one larger.
 *
 * The scales of powers follow from that of x: where x lacks δ bits of a prime, its power of degree 2^k lacks 2^k δ. So powers that
 * others are made of keep the bits of a prime in products with plaintexts as well. What is left to the plaintext are the bits that
 * the sum has after its rescale, in which it errs far less than that rescale does.
 */
import type { BootstrapEffect } from '../../../ir/ckks/bootstrapping.ts';
import type { HeColumns } from '../../../ir/he/module.ts';
import {
  isCipherProduct,
  isOutput,
  isWeight,
  keepsScale,
  pauses,
  scaleRule,
  switchesKey,
  usesValueB,
} from '../../../ir/he/traits.ts';
import { refreshedLevel } from '../../../ir/he/ops.ts';
import type { Parameters } from '../../../ir/parameters.ts';
import { operandsOf } from '../../../ir/he/operands.ts';
import { capacityBits } from '../../../ir/parameters.ts';

/** β: a layer of 30 to 800 weights, of whose outputs none exceeds one. */
const weightBits = 1.5;

/** Bits that the other operand of a product has at least, where one keeps those of a prime that no other power is made of. */
const leastShare = 30;

/**
 * Bits by which the modulus of a value that is refreshed exceeds that value and its headroom, at least. A mask that is uniform
 * modulo Q wraps a coefficient m with the chance 2 |m| / Q, and the sum of all |m| is at most √N times the scale times the root of
 * the mean square of slots: with 48 bits, 4 of them headroom, once in 2^40 ciphertexts of N = 8192 with slots of one
 * (`runtime/refresh/`).
 */
const maskMarginBits = 44;

/** Rounds of propagation: one settles a chain of ops, what is added across branches may take a few. */
const mostRounds = 8;

export interface TargetOptions {
  /** Bits that must stay free between a scale and the modulus. */
  readonly roomBits: number;
  /** Of outputs, at most; any unless given. */
  readonly outputBits?: number;
  readonly effect?: Pick<BootstrapEffect, 'scale' | 'outputScale'> | undefined;
}

/** By value; `keeper` names one value for all that have its scale (`scaleKeepers`). */
export function scaleTargets(
  columns: HeColumns,
  keeper: Int32Array,
  { polyModulusDegree, primes }: Parameters,
  { roomBits, outputBits = Infinity, effect }: TargetOptions,
): Float64Array {
  const { op, a, b, level } = columns;
  const bits = primes.map((prime) => Math.log2(prime));
  const largest = Math.max(...bits);
  const capacity = capacityBits(primes, roomBits);
  const gamma = Math.log2(polyModulusDegree / 6) - Math.log2(polyModulusDegree / 12) / 2;
  const squared = squaredValues(columns);
  const roundings = roundingsOf(columns);
  const follows = followingValues(columns, keeper);
  const reach = powersBeyond(columns, keeper, follows);
  const target = new Float64Array(op.length).fill(Infinity);
  const at = (id: number): number => target[keeper[id] ?? id] ?? Infinity;
  let lowered = 0;
  const lower = (id: number, bound: number): void => {
    const root = keeper[id] ?? id;
    if (bound >= (target[root] ?? Infinity)) return;
    target[root] = bound;
    lowered++;
  };
  for (let round = 0; round < mostRounds; round++) {
    const before = lowered;
    for (let id = op.length - 1; id >= 0; id--) {
      const x = a[id] ?? -1;
      lower(id, capacity[level[id] ?? 0] ?? 0);
      const code = op[id] ?? 0;
      if (isOutput(code)) lower(id, Math.min(largest, outputBits));
      if (pauses(code)) lower(id, (capacity[refreshedLevel] ?? 0) - maskMarginBits);
      switch (scaleRule(code)) {
        case 'given':
        case 'kept':
        case 'multiple':
          break;
        case 'restored':
          lower(id, Math.log2(effect?.outputScale ?? 1));
          lower(x, Math.log2(effect?.scale ?? 1));
          break;
        case 'product': {
          if (isCipherProduct(code)) {
            const y = b[id] ?? -1;
            const half = at(id) / 2;
            const prime = bits[level[id] ?? 0] ?? 0;
            const stays = (power: number): number =>
              Math.max(half, (reach[power] ?? 0) > 0 ? prime : Math.min(prime, at(id) - leastShare));
            lower(x, follows[x] === 0 && follows[y] === 1 ? stays(x) : half);
            lower(y, follows[y] === 0 && follows[x] === 1 ? stays(y) : half);
            break;
          }
          const excess = gamma + Math.log2(Math.max(1, roundings[x] ?? 1)) / 2 - weightBits;
          const plain = squared[x] === 1 ? (at(id) - 2 * (excess + 1)) / 3 : (at(id) - excess) / 2;
          const share = at(id) - plain;
          lower(x, (reach[x] ?? 0) > 1 ? Math.max(share, bits[level[id] ?? 0] ?? 0) : share);
          break;
        }
        case 'quotient': {
          const prime = bits[(level[id] ?? 0) + 1] ?? 0;
          lower(x, at(id) + prime);
          lower(id, at(x) - prime);
          break;
        }
      }
    }
    if (lowered === before) break;
  }
  return Float64Array.from(target, (_, id) => at(id));
}

/**
 * 1 for values whose scale follows from what they are added to or multiplied with: a plaintext or weight in them is free. A
 * square decides its operand, and so does a product of two that are free one of them, as the solver does in this order.
 */
function followingValues(columns: HeColumns, keeper: Int32Array): Uint8Array {
  const { op, a, b } = columns;
  /** By the value that names its class. */
  const follows = new Uint8Array(op.length);
  const classOf = (id: number): number => keeper[id] ?? id;
  for (let id = 0; id < op.length; id++) {
    const code = op[id] ?? 0;
    const [own, x, y] = [classOf(id), classOf(a[id] ?? -1), classOf(b[id] ?? -1)];
    const [ofX, ofY] = [follows[x] ?? 0, follows[y] ?? 0];
    let follow = ofX;
    switch (scaleRule(code)) {
      case 'given':
        follow = isWeight(code) ? 1 : 0;
        break;
      case 'quotient':
      case 'multiple':
        break;
      case 'restored':
        follow = 0;
        break;
      case 'product':
        if (!isCipherProduct(code)) follow = 1;
        else if (x === y) follow = follows[x] = 0;
        else if (ofX === 1 && ofY === 1) follows[y] = 0;
        else follow = ofX | ofY;
        break;
      case 'kept':
        if (usesValueB(code)) follow = ofX & ofY;
        break;
    }
    follows[own] = own === id ? follow : (follows[own] ?? 0) & follow;
  }
  return Uint8Array.from(op, (_, id) => follows[classOf(id)] ?? 0);
}

/**
 * For each value the largest k of which some power of the same x has 2^k times its degree, about: powers are products of two
 * values whose scales follow from nothing else.
 */
function powersBeyond(columns: HeColumns, keeper: Int32Array, follows: Uint8Array): Int32Array {
  const { op, a, b } = columns;
  /** By the value that names its class. */
  const reach = new Int32Array(op.length);
  const classOf = (id: number): number => keeper[id] ?? id;
  const at = (id: number): number => reach[classOf(id)] ?? 0;
  const raise = (id: number, least: number): void => {
    reach[classOf(id)] = Math.max(at(id), least);
  };
  const isPower = (id: number): boolean =>
    isCipherProduct(op[id] ?? 0) && follows[a[id] ?? -1] === 0 && follows[b[id] ?? -1] === 0;
  for (let id = op.length - 1; id >= 0; id--) {
    if (scaleRule(op[id] ?? 0) === 'quotient') raise(a[id] ?? -1, at(id));
    if (!isPower(id)) continue;
    raise(a[id] ?? -1, at(id) + 1);
    raise(b[id] ?? -1, at(id) + 1);
  }
  // Powers that end early reach as far as those that do not.
  for (let id = 0; id < op.length; id++) {
    if (scaleRule(op[id] ?? 0) === 'quotient') raise(id, at(a[id] ?? -1));
    if (isPower(id)) raise(id, Math.min(at(a[id] ?? -1), at(b[id] ?? -1)) - 1);
  }
  return Int32Array.from(op, (_, id) => at(id));
}

/**
 * How many roundings have added up in each value, as variances do; in a product that waits for its rescale, where
 * further ones do not count, those of its operands.
 */
function roundingsOf(columns: HeColumns): Float64Array {
  const { op, a, b } = columns;
  const roundings = new Float64Array(op.length);
  const pending = new Uint8Array(op.length);
  for (let id = 0; id < op.length; id++) {
    const x = a[id] ?? -1;
    const y = b[id] ?? -1;
    const code = op[id] ?? 0;
    switch (scaleRule(code)) {
      case 'given':
      case 'multiple':
        break;
      case 'restored':
      case 'quotient':
        roundings[id] = 1;
        break;
      case 'product':
        pending[id] = 1;
        if (isCipherProduct(code)) roundings[id] = Math.max(roundings[x] ?? 0, roundings[y] ?? 0);
        break;
      case 'kept': {
        const before = (roundings[x] ?? 0) + (usesValueB(code) ? (roundings[y] ?? 0) : 0);
        pending[id] = pending[x] ?? 0;
        roundings[id] = before + (switchesKey(code) && pending[id] === 0 ? 1 : 0);
        break;
      }
    }
  }
  return roundings;
}

/** 1 for products of two ciphertexts, their sums and rotations, until they are rescaled or multiplied again. */
export function squaredValues(columns: HeColumns): Uint8Array {
  const { op } = columns;
  const squared = new Uint8Array(op.length);
  for (let id = 0; id < op.length; id++) {
    const code = op[id] ?? 0;
    if (isCipherProduct(code)) squared[id] = 1;
    else if (keepsScale(code)) squared[id] = operandsOf(columns, id).some((x) => squared[x] === 1) ? 1 : 0;
  }
  return squared;
}

/** For each value the first of those whose scale is bit for bit the same: joined by ops that keep it. */
export function scaleKeepers(columns: HeColumns): Int32Array {
  const { op } = columns;
  const first = Int32Array.from(op.keys());
  const find = (id: number): number => {
    let root = id;
    while (first[root] !== root) root = first[root] ?? root;
    for (let at = id; at !== root;) {
      const next = first[at] ?? root;
      first[at] = root;
      at = next;
    }
    return root;
  };
  for (let id = 0; id < op.length; id++) {
    if (!keepsScale(op[id] ?? 0)) continue;
    for (const operand of operandsOf(columns, id)) {
      const x = find(operand);
      const y = find(id);
      first[Math.max(x, y)] = Math.min(x, y);
    }
  }
  return first.map((_, id) => find(id));
}
