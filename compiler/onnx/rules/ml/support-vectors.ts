/**
 * The decision values of SVMRegressor and SVMClassifier. With a linear kernel the support vectors collapse into one weight
 * matrix; with a polynomial one, (γ x·s + c)^d, the products with all of them are raised to a power, then summed, and so are
 * tanh(γ x·s + c) of a sigmoid kernel and exp(−γ ‖x − s‖²) of a radial one.
 */
import type { Operation, Rule } from '../../emission/operation.ts';
import { invalid, refused } from '../../proto/failure.ts';
import { constant, type Term } from '../../proto/term.ts';
import { maxExponent, product, sum } from '../arithmetic.ts';
import { multiplyMatrices } from '../matrix.ts';
import { permuteIndex, pick } from '../../emission/geometry.ts';
import { affineScores, coefficientsOf } from './linear-model.ts';
import { asReals, featuresOf, rowsOf } from './rows.ts';

interface Kernel {
  /** What is taken of γ x·s + c: a power, or for `rbf` exp(−γ ‖x − s‖²). */
  readonly of: 'power' | 'sigmoid' | 'rbf';
  readonly gamma: number;
  readonly offset: number;
  readonly degree: number;
}

/** Sums over support vectors: `weights` [decisions, vectors], `vectors` [vectors, features]. */
interface Decisions {
  readonly weights: Float64Array;
  readonly rho: readonly number[];
  readonly vectors: readonly number[];
  readonly count: number;
}

export const regressorDecision: Rule = (op) => {
  const count = op.int('n_supports', 0);
  const [coefficients, rho] = [coefficientsOf(op), (op.floats('rho') ?? []).slice(0, 1)];
  if (rho.length === 0) throw invalid('SVMRegressor needs rho');
  if (count === 0) return [affineScores(op, 1, coefficients, rho)];
  const weights = Float64Array.from(coefficients);
  return [decisions(op, { weights, rho, vectors: op.floats('support_vectors') ?? [], count })];
};

/**
 * For each row the decisions between all pairs of classes i < j in the order of rows, positive for i; or without support
 * vectors the score of each class, to all of which the first rho is added.
 */
export const classifierDecisions: Rule = (op) => {
  const perClass = op.ints('vectors_per_class') ?? [];
  const count = perClass.reduce((total, n) => total + n, 0);
  const rho = op.floats('rho') ?? [];
  const classes = Math.max(op.strings('classlabels_strings')?.length ?? 0, op.ints('classlabels_ints')?.length ?? 0);
  if (count === 0) {
    const [first] = rho;
    if (first === undefined) throw invalid('SVMClassifier needs rho');
    return [affineScores(op, classes, coefficientsOf(op), new Float64Array(classes).fill(first))];
  }
  if (perClass.length !== classes || classes < 2)
    throw invalid(`${classes} labels for the support vectors of ${perClass.length} classes`);
  const weights = pairWeights(perClass, coefficientsOf(op), count);
  const pairs = weights.length / count;
  if (rho.length < pairs) throw invalid(`${rho.length} entries of rho for ${pairs} pairs of classes`);
  const vectors = op.floats('support_vectors') ?? [];
  return [decisions(op, { weights, rho: rho.slice(0, pairs), vectors, count })];
};

/**
 * The weight of each support vector in each decision between two classes. libsvm stores [classes − 1, vectors]: of a vector
 * of class i the coefficients against all other classes in order.
 */
function pairWeights(perClass: readonly number[], coefficients: readonly number[], count: number): Float64Array {
  const classes = perClass.length;
  if (coefficients.length !== (classes - 1) * count)
    throw invalid(`${coefficients.length} coefficients for ${count} support vectors of ${classes} classes`);
  const starts = perClass.map((_, c) => perClass.slice(0, c).reduce((total, n) => total + n, 0));
  const weights = new Float64Array((classes * (classes - 1) * count) / 2);
  const copy = (pair: number, of: number, row: number): void => {
    const start = starts[of] ?? 0;
    for (let s = start; s < start + (perClass[of] ?? 0); s++)
      weights[pair * count + s] = coefficients[row * count + s] ?? 0;
  };
  for (let i = 0, pair = 0; i < classes; i++) {
    for (let j = i + 1; j < classes; j++, pair++) {
      copy(pair, i, j - 1);
      copy(pair, j, i);
    }
  }
  return weights;
}

function decisions(op: Operation, { weights, rho, vectors, count }: Decisions): Term {
  const features = featuresOf(op.input(0));
  if (vectors.length !== count * features)
    throw invalid(`${vectors.length} entries of ${count} support vectors with ${features} features`);
  const { of, gamma, offset, degree } = kernelOf(op);
  const summed = (values: Term): Term => {
    const matrix = pick(weights, permuteIndex([rho.length, count], [1, 0]));
    const total = multiplyMatrices(op.emit, values, constant([count, rho.length], matrix));
    return sum(op.emit, [total, constant([rho.length], Float64Array.from(rho))]);
  };
  if (of === 'rbf') return summed(radial(op, vectors, { count, features, gamma }));
  if (degree === 1) {
    const shift = rho.map(
      (r, d) => r + offset * weights.subarray(d * count, (d + 1) * count).reduce((s, w) => s + w, 0),
    );
    return affineScores(op, rho.length, collapsed(weights, vectors, { count, features, gamma }), shift);
  }
  const products = affineScores(
    op,
    count,
    Float64Array.from(vectors, (s) => gamma * s),
    new Float64Array(count).fill(offset),
  );
  if (products.kind === 'constant') throw invalid(`${op.opType} of constants`);
  return summed(of === 'sigmoid' ? op.emit.activation(products, 'tanh', []) : op.emit.power(products, degree));
}

/** exp(−γ ‖x − s‖²) for every support vector, with ‖x − s‖² = ‖x‖² − 2 x·s + ‖s‖². */
function radial(
  op: Operation,
  vectors: readonly number[],
  { count, features, gamma }: { readonly count: number; readonly features: number; readonly gamma: number },
): Term {
  const { emit } = op;
  const norms = Float64Array.from({ length: count }, (_, s) => {
    const own = vectors.slice(s * features, (s + 1) * features);
    return -gamma * own.reduce((total, v) => total + v * v, 0);
  });
  const products = affineScores(
    op,
    count,
    Float64Array.from(vectors, (s) => 2 * gamma * s),
    norms,
  );
  const x = asReals(rowsOf(op.input(0), op.opType));
  const rates = constant([features, count], new Float64Array(features * count).fill(-gamma));
  const squares = multiplyMatrices(emit, product(emit, x, x), rates);
  return emit.activation(sum(emit, [products, squares]), 'exp', []);
}

/** γ · weights · vectors. */
function collapsed(
  weights: Float64Array,
  vectors: readonly number[],
  { count, features, gamma }: { readonly count: number; readonly features: number; readonly gamma: number },
): Float64Array {
  const matrix = new Float64Array((weights.length / count) * features);
  for (const [at, weight] of weights.entries()) {
    const [row, vector] = [Math.floor(at / count) * features, (at % count) * features];
    for (let f = 0; f < features; f++)
      matrix[row + f] = (matrix[row + f] ?? 0) + gamma * weight * (vectors[vector + f] ?? 0);
  }
  return matrix;
}

function kernelOf(op: Operation): Kernel {
  const type = op.text('kernel_type') ?? 'LINEAR';
  if (type === 'LINEAR') return { of: 'power', gamma: 1, offset: 0, degree: 1 };
  const [rate, shift] = op.floats('kernel_params') ?? [];
  if (type === 'RBF' && rate !== undefined) return { of: 'rbf', gamma: rate, offset: 0, degree: 0 };
  if (type === 'SIGMOID' && rate !== undefined && shift !== undefined)
    return { of: 'sigmoid', gamma: rate, offset: shift, degree: 0 };
  if (type !== 'POLY')
    throw refused(`the kernel is ${type}`, 'Train with kernel="linear", "poly" (degree 2 or 3), "rbf" or "sigmoid".');
  const [gamma, offset, degree = NaN] = op.floats('kernel_params') ?? [];
  if (gamma === undefined || offset === undefined) throw invalid('a polynomial kernel needs gamma, coef0 and degree');
  if (!Number.isInteger(degree) || degree < 1 || degree > maxExponent)
    throw refused(`the degree of the kernel is ${degree}`, `Degrees are the integers from 1 to ${maxExponent}.`);
  return { of: 'power', gamma, offset, degree };
}
