/** The functions of client steps, for elements and for rows of the last axis. */
import type { ClientNodeNamed } from '../client/ops.ts';
import { erfc } from './erf.ts';

type Fn<Op extends 'unary' | 'binary' | 'reduce'> = ClientNodeNamed<Op>['attrs']['fn'];

export const unaryFunction: Readonly<Record<Fn<'unary'>, (x: number) => number>> = {
  abs: Math.abs,
  negate: (x) => -x,
  reciprocal: (x) => 1 / x,
  'square-root': Math.sqrt,
  exp: Math.exp,
  log: Math.log,
  floor: Math.floor,
  ceil: Math.ceil,
  'round-half-even': roundHalfEven,
  sign: Math.sign,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  erf: (x) => 1 - erfc(x),
  'is-nan': (x) => Number(Number.isNaN(x)),
  'is-infinite': (x) => Number(x === Infinity || x === -Infinity),
  not: (x) => Number(x === 0),
};

export const binaryFunction: Readonly<Record<Fn<'binary'>, (x: number, y: number) => number>> = {
  add: (x, y) => x + y,
  subtract: (x, y) => x - y,
  multiply: (x, y) => x * y,
  divide: (x, y) => x / y,
  'floor-modulo': (x, y) => x - y * Math.floor(x / y),
  modulo: (x, y) => x % y,
  power: (x, y) => x ** y,
  minimum: Math.min,
  maximum: Math.max,
  equal: (x, y) => Number(x === y),
  greater: (x, y) => Number(x > y),
  'greater-or-equal': (x, y) => Number(x >= y),
  less: (x, y) => Number(x < y),
  'less-or-equal': (x, y) => Number(x <= y),
  and: (x, y) => Number(x !== 0 && y !== 0),
  or: (x, y) => Number(x !== 0 || y !== 0),
  xor: (x, y) => Number((x !== 0) !== (y !== 0)),
};

export const reduction: Readonly<Record<Fn<'reduce'>, (row: Float64Array) => number>> = {
  sum,
  product: (row) => row.reduce((total, x) => total * x, 1),
  maximum: (row) => row.reduce((most, x) => Math.max(most, x), -Infinity),
  minimum: (row) => row.reduce((least, x) => Math.min(least, x), Infinity),
  mean: (row) => sum(row) / row.length,
  'log-sum-exp': logSumExp,
  'norm-1': (row) => row.reduce((total, x) => total + Math.abs(x), 0),
  'norm-2': (row) => Math.hypot(...row),
};

export function softmaxOf(row: Float64Array, logarithm: boolean): Float64Array {
  const total = logSumExp(row);
  return row.map((x) => (logarithm ? x - total : Math.exp(x - total)));
}

/** Places of the elements in order, of equal ones the first first; NaN is smaller than all. */
export function ranked(row: Float64Array, largest: boolean): Int32Array {
  const key = (i: number): number => {
    const x = row[i] ?? 0;
    return largest ? -x : x;
  };
  return Int32Array.from(row.keys()).sort((i, j) => {
    const [x, y] = [key(i), key(j)];
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || i - j;
    return x === y ? i - j : x < y ? -1 : 1;
  });
}

/**
 * Probabilities of n classes from r_ij, those of class i against j for i < j in the order of rows: the minimum of
 * Σ (r_ji p_i − r_ij p_j)² on the simplex, by the fixed-point iteration of algorithm 2 of Wu, Lin and Weng 2004.
 */
export function coupledPairs(pairs: Float64Array, classes: number): Float64Array {
  const r = pairMatrix(pairs, classes);
  const at = (i: number, j: number): number => r[i * classes + j] ?? 0;
  const q = new Float64Array(classes * classes);
  for (let i = 0; i < classes; i++) {
    for (let j = 0; j < classes; j++) {
      if (i === j) for (let k = 0; k < classes; k++) q[i * classes + i] = (q[i * classes + i] ?? 0) + squared(i, k);
      else q[i * classes + j] = -at(j, i) * at(i, j);
    }
  }
  function squared(i: number, k: number): number {
    return k === i ? 0 : at(k, i) ** 2;
  }
  const p = new Float64Array(classes).fill(1 / classes);
  const qp = new Float64Array(classes);
  const tolerance = 0.005 / classes;
  for (let round = 0; round < Math.max(100, classes); round++) {
    for (let i = 0; i < classes; i++) qp[i] = p.reduce((total, x, j) => total + (q[i * classes + j] ?? 0) * x, 0);
    const pqp = qp.reduce((total, x, i) => total + x * (p[i] ?? 0), 0);
    if (qp.every((x) => Math.abs(x - pqp) < tolerance)) break;
    refine(p, q, qp, pqp);
  }
  return p;
}

/** One sweep over the classes: p_t is set so that its gradient is the mean, p is scaled to sum to one, products follow. */
function refine(p: Float64Array, q: Float64Array, qp: Float64Array, product: number): void {
  const n = p.length;
  let pqp = product;
  for (let t = 0; t < n; t++) {
    const qtt = q[t * n + t] ?? 0;
    const step = (pqp - (qp[t] ?? 0)) / qtt;
    p[t] = (p[t] ?? 0) + step;
    pqp = (pqp + step * (step * qtt + 2 * (qp[t] ?? 0))) / (1 + step) ** 2;
    for (let j = 0; j < n; j++) {
      qp[j] = ((qp[j] ?? 0) + step * (q[t * n + j] ?? 0)) / (1 + step);
      p[j] = (p[j] ?? 0) / (1 + step);
    }
  }
}

/** r_ij for all i and j; r_ji = 1 − r_ij. Probabilities keep away from 0 and 1, as libsvm's do. */
function pairMatrix(pairs: Float64Array, classes: number): Float64Array {
  const least = 1e-7;
  const r = new Float64Array(classes * classes);
  let next = 0;
  for (let i = 0; i < classes; i++) {
    for (let j = i + 1; j < classes; j++) {
      const value = Math.min(Math.max(pairs[next++] ?? 0, least), 1 - least);
      r[i * classes + j] = value;
      r[j * classes + i] = 1 - value;
    }
  }
  return r;
}

function sum(row: Float64Array): number {
  return row.reduce((total, x) => total + x, 0);
}

function logSumExp(row: Float64Array): number {
  const most = row.reduce((largest, x) => Math.max(largest, x), -Infinity);
  if (!Number.isFinite(most)) return most;
  return most + Math.log(row.reduce((total, x) => total + Math.exp(x - most), 0));
}

function roundHalfEven(x: number): number {
  const nearest = Math.round(x);
  return Math.abs(x % 1) === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
}
