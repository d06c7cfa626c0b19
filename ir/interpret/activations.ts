/** The activations of the tensor level as functions of one number, exact in double precision. */
import type { TensorNodeNamed } from '../tensor/ops.ts';
import { erfc } from './erf.ts';
import { evaluatePolynomial } from './polynomial.ts';

export type ActivationKind = TensorNodeNamed<'activation'>['attrs']['kind'];
export type ScalarFunction = (x: number) => number;

type Rule = (first: number, second: number) => ScalarFunction;

/** Definitions of the ONNX operators of the same names (opset 22); the parameters are theirs, in `ops.ts`'s order. */
const rules: Readonly<Record<ActivationKind, Rule>> = {
  relu: () => (x) => Math.max(x, 0),
  'leaky-relu': (alpha) => (x) => (x < 0 ? alpha * x : x),
  prelu: (slope) => (x) => (x < 0 ? slope * x : x),
  sigmoid: () => sigmoid,
  tanh: () => Math.tanh,
  // x Φ(x), by erfc so that nothing cancels where Φ is small.
  gelu: () => (x) => 0.5 * x * erfc(-x * Math.SQRT1_2),
  // (1 + tanh u) / 2 = sigmoid(2 u), so that nothing cancels where that is small.
  'gelu-tanh': () => (x) => x * sigmoid(Math.sqrt(8 / Math.PI) * (x + 0.044715 * x ** 3)),
  silu: () => (x) => x * sigmoid(x),
  'hard-swish': () => (x) => x * clamp(x / 6 + 0.5, 0, 1),
  'hard-sigmoid': (alpha, beta) => (x) => clamp(alpha * x + beta, 0, 1),
  elu: (alpha) => (x) => (x < 0 ? alpha * Math.expm1(x) : x),
  softplus: () => (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  clip: (min, max) => (x) => clamp(x, min, max),
  abs: () => Math.abs,
  sign: () => Math.sign,
  step: () => (x) => (x >= 0 ? 1 : 0),
  reciprocal: () => (x) => 1 / x,
  sqrt: () => Math.sqrt,
  rsqrt: () => (x) => 1 / Math.sqrt(x),
  power: (exponent) => (x) => x ** exponent,
  exp: () => Math.exp,
  log: () => Math.log,
  erf: () => (x) => 1 - erfc(x),
  sin: () => Math.sin,
  cos: () => Math.cos,
  tan: () => Math.tan,
  asin: () => Math.asin,
  acos: () => Math.acos,
  atan: () => Math.atan,
  sinh: () => Math.sinh,
  cosh: () => Math.cosh,
  asinh: () => Math.asinh,
  acosh: () => Math.acosh,
  atanh: () => Math.atanh,
  softsign: () => (x) => x / (1 + Math.abs(x)),
};

/** An open interval. */
export interface Interval {
  readonly lo: number;
  readonly hi: number;
}

const positiveNumbers: Interval = { lo: 0, hi: Infinity };
const negativeNumbers: Interval = { lo: -Infinity, hi: 0 };
const unit: Interval = { lo: -1, hi: 1 };

/**
 * Where a kind is smooth, or has kinks and jumps that are known: the interval around x between two poles, or points at which the
 * function ends or has no derivative. Undefined for kinds that have neither.
 */
const domainRules: Partial<Readonly<Record<ActivationKind, (x: number, first: number) => Interval | undefined>>> = {
  reciprocal: (x) => (x < 0 ? negativeNumbers : positiveNumbers),
  sqrt: () => positiveNumbers,
  rsqrt: () => positiveNumbers,
  power: (x, exponent) => {
    if (!Number.isInteger(exponent)) return positiveNumbers;
    if (exponent >= 0) return undefined;
    return x < 0 ? negativeNumbers : positiveNumbers;
  },
  log: () => positiveNumbers,
  tan: (x) => {
    const period = Math.round(x / Math.PI) * Math.PI;
    return { lo: period - Math.PI / 2, hi: period + Math.PI / 2 };
  },
  asin: () => unit,
  acos: () => unit,
  acosh: () => ({ lo: 1, hi: Infinity }),
  atanh: () => unit,
};

/** The open interval around x on which the function has a polynomial close to it; undefined where that is all numbers. */
export function activationDomain(attrs: TensorNodeNamed<'activation'>['attrs'], x: number): Interval | undefined {
  return domainRules[attrs.kind]?.(x, attrs.parameters[0] ?? 0);
}

/**
 * A function that is one polynomial between each two of its breaks: `parts[i]` holds the coefficients in powers of x, lowest
 * first, between breaks i − 1 and i. At a break the function may have a kink, or jump.
 */
export interface Piecewise {
  readonly breaks: readonly number[];
  readonly parts: readonly (readonly number[])[];
}

const negative = [0, -1];
const identity = [0, 1];

/** The kinds that are piecewise polynomials, given their parameters. */
const pieceRules: Partial<Readonly<Record<ActivationKind, (first: number, second: number) => Piecewise>>> = {
  relu: () => ({ breaks: [0], parts: [[0], identity] }),
  'leaky-relu': (alpha) => ({ breaks: [0], parts: [[0, alpha], identity] }),
  prelu: (slope) => ({ breaks: [0], parts: [[0, slope], identity] }),
  'hard-swish': () => ({ breaks: [-3, 3], parts: [[0], [0, 0.5, 1 / 6], identity] }),
  'hard-sigmoid': (alpha, beta) => {
    const [zero, one] = [-beta / alpha, (1 - beta) / alpha];
    if (alpha === 0) return { breaks: [], parts: [[clamp(beta, 0, 1)]] };
    return alpha > 0
      ? { breaks: [zero, one], parts: [[0], [beta, alpha], [1]] }
      : { breaks: [one, zero], parts: [[1], [beta, alpha], [0]] };
  },
  clip: (min, max) => ({ breaks: [min, max], parts: [[min], identity, [max]] }),
  abs: () => ({ breaks: [0], parts: [negative, identity] }),
  sign: () => ({ breaks: [0], parts: [[-1], [1]] }),
  step: () => ({ breaks: [0], parts: [[0], [1]] }),
};

/** Where other kinds are not smooth, given their parameters: there a polynomial converges slowly. */
const kinkRules: Partial<Readonly<Record<ActivationKind, readonly number[]>>> = {
  elu: [0],
  softsign: [0],
};

/** The function for index `set` of the first axis; a `prelu` of one slope has the same function for all. */
export function activationFunction(attrs: TensorNodeNamed<'activation'>['attrs'], set = 0): ScalarFunction {
  const [first, second] = parametersOf(attrs, set);
  return rules[attrs.kind](first, second);
}

/** The points at which the function of that index is not smooth. */
export function activationKinks(attrs: TensorNodeNamed<'activation'>['attrs'], set = 0): readonly number[] {
  const breaks = activationPieces(attrs, set)?.breaks ?? kinkRules[attrs.kind] ?? [];
  return breaks.filter(Number.isFinite);
}

/** The function of that index as a piecewise polynomial; undefined of a kind that is none. */
export function activationPieces(attrs: TensorNodeNamed<'activation'>['attrs'], set = 0): Piecewise | undefined {
  const [first, second] = parametersOf(attrs, set);
  return pieceRules[attrs.kind]?.(first, second);
}

/** Whether the function of that index is affine on all of [lo, hi]. */
export function isAffineOn(
  attrs: TensorNodeNamed<'activation'>['attrs'],
  set: number,
  lo: number,
  hi: number,
): boolean {
  const pieces = activationPieces(attrs, set);
  if (pieces === undefined) return false;
  const { breaks, parts } = pieces;
  // An end may be a kink, but no jump.
  if (breaks.some((at, k) => (at > lo && at < hi) || ((at === lo || at === hi) && jumps(pieces, k)))) return false;
  const part = parts[breaks.filter((at) => at <= lo).length];
  return part !== undefined && part.length <= 2;
}

/** Whether the parts on both sides of a break meet in different values. */
function jumps({ breaks, parts }: Piecewise, index: number): boolean {
  const at = breaks[index] ?? 0;
  const [left, right] = [parts[index] ?? [], parts[index + 1] ?? []].map((part) =>
    evaluatePolynomial('power', part, at),
  );
  return Math.abs((left ?? 0) - (right ?? 0)) > 1e-9 * Math.max(1, Math.abs(left ?? 0), Math.abs(right ?? 0));
}

/** Number of different functions: the slopes of a prelu, one otherwise. */
export function activationSets({ kind, parameters }: TensorNodeNamed<'activation'>['attrs']): number {
  return kind === 'prelu' ? Math.max(1, parameters.length) : 1;
}

function parametersOf(attrs: TensorNodeNamed<'activation'>['attrs'], set: number): [number, number] {
  const { kind, parameters } = attrs;
  if (kind === 'prelu') return [parameters[parameters.length === 1 ? 0 : set] ?? 0, 0];
  return [parameters[0] ?? 0, parameters[1] ?? 0];
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

function clamp(x: number, min: number, max: number): number {
  return Math.min(Math.max(x, min), max);
}
