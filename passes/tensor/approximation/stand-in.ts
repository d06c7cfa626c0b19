/**
 * What is evaluated in place of an activation: a polynomial, or for functions of pieces a composite, which has for each of their
 * breaks a composition of odd polynomials that is the sign of x − break beyond a margin.
 *
 * A function with the parts r_0 … r_m is (r_0 + r_m) / 2 + Σ_j (r_j − r_{j−1}) / 2 · sign(x − break_j). Half of a difference is
 * δ_j u_j(x) with u_j of leading coefficient one; δ_j goes into the last polynomial of the composition, and so does what of the
 * first summand is a multiple of u_j, so that ReLU is x · s(x) with s from 0 to 1, and takes a single product beside s.
 */
import { Constant } from '../../../ir/constant.ts';
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { activationPieces, activationSets } from '../../../ir/interpret/activations.ts';
import { compositeKernel, polynomialKernel, type TensorKernel } from '../../../ir/interpret/tensor.ts';
import type { AttrsOf } from '../../../ir/op.ts';
import { polynomialDepth, polynomialProducts } from '../../../ir/tensor/polynomial-evaluation.ts';
import type { TensorNodeNamed, TensorOps } from '../../../ir/tensor/ops.ts';
import type { Range } from './approximation.ts';
import type { SignComposite } from './sign-composites.ts';

export type PolynomialAttrs = AttrsOf<TensorOps['polynomial']>;
export type CompositeAttrs = AttrsOf<TensorOps['composite']>;

/** What becomes a node of the tensor level. */
export type StandInNode =
  | { readonly op: 'polynomial'; readonly attrs: PolynomialAttrs }
  | { readonly op: 'composite'; readonly attrs: CompositeAttrs };

export interface StandIn {
  readonly node: StandInNode;
  /** Where it stands for the activation. */
  readonly range: Range;
  /** Rescales between operand and result. */
  readonly depth: number;
  /** Products of ciphertexts. */
  readonly products: number;
}

export function polynomialStandIn(attrs: PolynomialAttrs, range: Range): StandIn {
  const node = { op: 'polynomial', attrs } as const;
  return { node, range, depth: depthOf(node), products: polynomialProducts(attrs.coefficients, attrs.basis) };
}

/** Rescales between operand and result. */
export function depthOf(node: StandInNode): number {
  if (node.op === 'composite') return costOf(node.attrs).depth;
  const { coefficients, basis } = node.attrs;
  return isSquare(coefficients) ? 1 : polynomialDepth(coefficients, basis);
}

/** Of the whole, as one polynomial. */
export function degreeOf(node: StandInNode): number {
  if (node.op === 'polynomial') return termsOf(node.attrs.coefficients) - 1;
  const degrees = node.attrs.pieces.map(
    ({ factor, stages }) =>
      factor.length - 1 + stages.reduce((product, { coefficients }) => product * (termsOf(coefficients) - 1), 1),
  );
  return Math.max(...degrees);
}

/** The highest degree of a polynomial that is evaluated. */
export function highestDegreeOf(node: StandInNode): number {
  return Math.max(...coefficientsOf(node).map((coefficients) => termsOf(coefficients) - 1));
}

function termsOf({ shape: [, terms = 1] }: Constant): number {
  return terms;
}

/** Whether scaling makes a monic quadratic of it, which is a square and a plaintext product beside it. */
function isSquare({ shape: [sets = 1, terms = 0], values }: Constant): boolean {
  return terms === 3 && Array.from({ length: sets }, (_, set) => values[3 * set + 2]).every((c) => c === values[2]);
}

export function standInKernel({ node }: StandIn): TensorKernel {
  return node.op === 'polynomial' ? polynomialKernel(node.attrs) : compositeKernel(node.attrs);
}

/** The coefficients of all its polynomials. */
export function coefficientsOf(node: StandInNode): readonly Constant[] {
  if (node.op === 'polynomial') return [node.attrs.coefficients];
  return node.attrs.pieces.flatMap(({ stages }) => stages.map(({ coefficients }) => coefficients));
}

/** Coefficients in powers, lowest first. */
type Powers = readonly number[];

/** A function of pieces on a range, as lines times signs. */
export interface SignForm {
  readonly breaks: readonly SignBreak[];
  /** For each set what is left, a polynomial. */
  readonly rest: readonly Powers[];
  readonly range: Range;
}

interface SignBreak {
  readonly at: number;
  /** Farthest point of the range. */
  readonly reach: number;
  /** u, of leading coefficient one. */
  readonly factor: Powers;
  /** δ of each set. */
  readonly scales: readonly number[];
}

type Activation = TensorNodeNamed<'activation'>['attrs'];

/** Undefined where the activation is no function of pieces, has no break in the range, or sets whose pieces differ by more than a factor. */
export function signForm(activation: Activation, range: Range): SignForm | undefined {
  const sets = Array.from({ length: activationSets(activation) }, (_, set) => activationPieces(activation, set));
  const [lo, hi] = [range.center - range.halfWidth, range.center + range.halfWidth];
  const inside = (at: number): boolean => at > lo && at < hi;
  const [first] = sets;
  if (first === undefined || !first.breaks.some(inside)) return undefined;
  const parts = sets.map((pieces) => partsWithin(pieces?.breaks ?? [], pieces?.parts ?? [], lo, hi));
  const breaks: SignBreak[] = [];
  for (const [j, at] of first.breaks.filter(inside).entries()) {
    const halves = parts.map((own) =>
      combined(own[j + 1] ?? [], own[j] ?? [], (after, before) => (after - before) / 2),
    );
    const model = halves.find((half) => half.length > 0);
    if (model === undefined) continue;
    const leading = model.at(-1) ?? 1;
    const factor = model.map((c) => c / leading);
    const scales = halves.map((half) => (half.length === 0 ? 0 : (half[factor.length - 1] ?? 0)));
    if (halves.some((half, set) => !isMultiple(half, factor, scales[set] ?? 0))) return undefined;
    breaks.push({ at, reach: Math.max(hi - at, at - lo), factor, scales });
  }
  const rest = parts.map((own) => combined(own[0] ?? [], own.at(-1) ?? [], (before, after) => (before + after) / 2));
  return breaks.length === 0 ? undefined : { breaks, rest, range };
}

/** The parts that lie in [lo, hi], in order. */
function partsWithin(breaks: readonly number[], parts: readonly Powers[], lo: number, hi: number): Powers[] {
  return parts.filter((_, i) => (breaks[i - 1] ?? -Infinity) < hi && (breaks[i] ?? Infinity) > lo);
}

function combined(a: Powers, b: Powers, combine: (a: number, b: number) => number): Powers {
  const length = Math.max(a.length, b.length);
  const sum = Array.from({ length }, (_, k) => combine(a[k] ?? 0, b[k] ?? 0));
  while (sum.length > 0 && sum.at(-1) === 0) sum.pop();
  return sum;
}

function isMultiple(half: Powers, factor: Powers, scale: number): boolean {
  const close = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-12 * Math.max(1, Math.abs(a), Math.abs(b));
  return Math.max(half.length, factor.length) === factor.length
    ? factor.every((c, k) => close(half[k] ?? 0, scale * c))
    : false;
}

/** The function with `sign` in place of the signs at all of its breaks. */
export function compositeStandIn(form: SignForm, sign: SignComposite): StandIn {
  const { breaks, range } = form;
  const sets = form.rest.length;
  // What is left goes along with the break whose factor it is a multiple of, but for a constant.
  const shares = breaks.map(({ factor }) => form.rest.map((rest) => shareOf(rest, factor)));
  const host = shares.findIndex((share) => share.every((each) => each !== undefined));
  const pieces = breaks.map(({ at, reach, factor, scales }, j) => {
    const last = sign.stages.length - 1;
    const stages = sign.stages.map(({ coefficients, halfWidth }, k) => {
      const [center, width] = k === 0 ? [at, reach] : [0, halfWidth];
      if (k < last) return { coefficients: row(coefficients), center, halfWidth: width };
      const rows = Array.from({ length: sets }, (_, set) => {
        const scaled = coefficients.map((c) => (scales[set] ?? 0) * c);
        if (j === host) scaled[0] = (scaled[0] ?? 0) + (shares[j]?.[set]?.multiple ?? 0);
        return scaled;
      });
      return { coefficients: stacked(rows), center, halfWidth: width };
    });
    return { factor: [...factor], stages };
  });
  const offsets = Array.from({ length: sets }, (_, set) => shares[host]?.[set]?.constant ?? 0);
  if (host < 0) pieces.push(restPiece(form.rest, range));
  const attrs = { pieces, offsets: new Constant([sets], Float64Array.from(offsets)) };
  return { node: { op: 'composite', attrs }, range, ...costOf(attrs) };
}

/** rest = multiple · factor + constant; undefined where it is no such sum. */
function shareOf(rest: Powers, factor: Powers): { readonly multiple: number; readonly constant: number } | undefined {
  const degree = factor.length - 1;
  if (rest.length > factor.length) return undefined;
  const multiple = rest[degree] ?? 0;
  const left = combined(rest, factor, (a, b) => a - multiple * b);
  return left.length <= 1 ? { multiple, constant: left[0] ?? 0 } : undefined;
}

/** A polynomial of degree two at most beside the signs. */
function restPiece(rest: readonly Powers[], { center, halfWidth }: Range): CompositeAttrs['pieces'][number] {
  const rows = rest.map(([a = 0, b = 0, c = 0]) => {
    // x = center + halfWidth t, and t² = (1 + T_2(t)) / 2.
    const square = c * halfWidth * halfWidth;
    const line = halfWidth * (b + 2 * c * center);
    return Float64Array.of(a + center * (b + c * center) + square / 2, line, square / 2);
  });
  return { factor: [1], stages: [{ coefficients: stacked(rows), center, halfWidth }] };
}

function row(coefficients: Float64Array): Constant {
  return new Constant([1, coefficients.length], coefficients);
}

/** Rows of one length as [rows, length], without terms that are zero in all. */
function stacked(rows: readonly Float64Array[]): Constant {
  let terms = Math.max(1, ...rows.map(({ length }) => length));
  while (terms > 1 && rows.every((each) => (each[terms - 1] ?? 0) === 0)) terms--;
  const all = new Float64Array(rows.length * terms);
  for (const [set, each] of rows.entries()) all.set(each.subarray(0, terms), set * terms);
  return new Constant([rows.length, terms], all);
}

function costOf({ pieces }: CompositeAttrs): { readonly depth: number; readonly products: number } {
  if (pieces.length === 0) throw new InternalError('a composite without pieces');
  let [depth, products] = [0, 0];
  for (const { factor, stages } of pieces) {
    const isProduct = factor.length > 1;
    const depths = stages.map(({ coefficients }) => polynomialDepth(coefficients, 'chebyshev'));
    depth = Math.max(
      depth,
      depths.reduce((sum, each) => sum + each, isProduct ? 1 : 0),
    );
    const own = stages.map(({ coefficients }) => polynomialProducts(coefficients, 'chebyshev'));
    // A factor of degree two takes a square.
    products += own.reduce((sum, each) => sum + each, isProduct ? factor.length - 1 : 0);
  }
  return { depth, products };
}
