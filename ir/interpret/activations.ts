/** The activations of the tensor level as functions of one number, exact in double precision. */
import type { TensorNodeNamed } from '../tensor/ops.ts';
import { erfc } from './erf.ts';

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
  'gelu-tanh': () => (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  silu: () => (x) => x * sigmoid(x),
  'hard-swish': () => (x) => x * clamp(x / 6 + 0.5, 0, 1),
  'hard-sigmoid': (alpha, beta) => (x) => clamp(alpha * x + beta, 0, 1),
  elu: (alpha) => (x) => (x < 0 ? alpha * Math.expm1(x) : x),
  softplus: () => (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  clip: (min, max) => (x) => clamp(x, min, max),
};

/** Where a kind is not smooth, given its parameters: there a polynomial converges slowly. */
const kinkRules: Readonly<Record<ActivationKind, (first: number, second: number) => readonly number[]>> = {
  relu: () => [0],
  'leaky-relu': () => [0],
  prelu: () => [0],
  sigmoid: () => [],
  tanh: () => [],
  gelu: () => [],
  'gelu-tanh': () => [],
  silu: () => [],
  'hard-swish': () => [-3, 3],
  'hard-sigmoid': (alpha, beta) => (alpha === 0 ? [] : [-beta / alpha, (1 - beta) / alpha]),
  elu: () => [0],
  softplus: () => [],
  clip: (min, max) => [min, max],
};

/** Kinds that are affine between their kinks. */
const piecewiseAffine: ReadonlySet<ActivationKind> = new Set<ActivationKind>([
  'relu',
  'leaky-relu',
  'prelu',
  'hard-sigmoid',
  'clip',
]);

/** The function for index `set` of the first axis; a `prelu` of one slope has the same function for all. */
export function activationFunction(attrs: TensorNodeNamed<'activation'>['attrs'], set = 0): ScalarFunction {
  const [first, second] = parametersOf(attrs, set);
  return rules[attrs.kind](first, second);
}

/** The points at which the function of that index is not smooth. */
export function activationKinks(attrs: TensorNodeNamed<'activation'>['attrs'], set = 0): readonly number[] {
  const [first, second] = parametersOf(attrs, set);
  return kinkRules[attrs.kind](first, second).filter(Number.isFinite);
}

/** Whether the function of that index is affine on all of [lo, hi]. */
export function isAffineOn(
  attrs: TensorNodeNamed<'activation'>['attrs'],
  set: number,
  lo: number,
  hi: number,
): boolean {
  return piecewiseAffine.has(attrs.kind) && activationKinks(attrs, set).every((kink) => kink <= lo || kink >= hi);
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
