/**
 * Polynomials as plain operators of ONNX: a quadratic as a completed square, which costs one product wherever it is
 * read; else Horner's rule for powers and that of Clenshaw (1955) for Chebyshev polynomials, which keep their precision
 * in floats.
 */
import type { Constant } from '../../ir/constant.ts';
import type { TensorNodeNamed } from '../../ir/tensor/ops.ts';
import type { GraphWriter, NodeOptions, Operand } from './graph-writer.ts';

export type PolynomialAttrs = TensorNodeNamed<'polynomial'>['attrs'];

/** A square is completed where its vertex is within as many half widths from the center. */
const farthestVertex = 8;

/** p(x) for a value of `rank` axes a sample. */
export function emitPolynomial(
  graph: GraphWriter,
  attrs: PolynomialAttrs,
  x: string,
  rank: number,
  result: NodeOptions = {},
): string {
  const terms = termsOf(attrs.coefficients);
  const square = attrs.basis === 'power' ? completedSquare(terms) : undefined;
  const write = new PolynomialWriter(graph, rank, result);
  if (square !== undefined) return write.square(square, attrs, x);
  const t = write.affine(x, [1 / attrs.halfWidth], [-attrs.center / attrs.halfWidth]);
  return attrs.basis === 'power' ? write.horner(terms, t) : write.clenshaw(terms, t);
}

/** The coefficients of each φ_k: one for each set. Without leading terms that are zero for all. */
function termsOf(coefficients: Constant): readonly Coefficients[] {
  const [sets = 1, count = 1] = coefficients.shape;
  const all = coefficients.values;
  const terms = Array.from({ length: count }, (_, k) =>
    Array.from({ length: sets }, (__, set) => all[set * count + k] ?? 0),
  );
  while (terms.length > 1 && terms.at(-1)?.every((c) => c === 0) === true) terms.pop();
  return terms;
}

/** One for each set. */
type Coefficients = readonly number[];

interface Square {
  readonly leading: Coefficients;
  /** Where the square is zero, in half widths from the center. */
  readonly vertex: Coefficients;
  readonly offset: Coefficients;
}

/** a t² + b t + c = a (t + b/2a)² + c − b²/4a; undefined where that would lose precision. */
function completedSquare([c = [], b = [], a, ...higher]: readonly Coefficients[]): Square | undefined {
  if (a === undefined || higher.length > 0) return undefined;
  const vertex = a.map((leading, set) => -(b[set] ?? 0) / (2 * leading));
  if (!vertex.every((at) => Math.abs(at) <= farthestVertex)) return undefined;
  const offset = a.map((leading, set) => (c[set] ?? 0) - leading * (vertex[set] ?? 0) ** 2);
  return { leading: a, vertex, offset };
}

class PolynomialWriter {
  private readonly graph: GraphWriter;
  private readonly rank: number;
  private readonly result: NodeOptions;

  constructor(graph: GraphWriter, rank: number, result: NodeOptions) {
    this.graph = graph;
    this.rank = rank;
    this.result = result;
  }

  square({ leading, vertex, offset }: Square, { center, halfWidth }: PolynomialAttrs, x: string): string {
    const moved = this.affine(
      x,
      [1],
      vertex.map((at) => -center - at * halfWidth),
    );
    const factors = leading.map((a) => a / halfWidth ** 2);
    if (isAll(factors, 1) && isAll(offset, 0)) return this.graph.node('Mul', [moved, moved], this.result);
    return this.affine(this.graph.node('Mul', [moved, moved]), factors, offset, this.result);
  }

  horner(terms: readonly Coefficients[], t: string): string {
    const degree = terms.length - 1;
    if (degree === 0) return this.affine(t, [0], terms[0] ?? [0], this.result);
    let product = this.graph.node('Mul', [t, this.coefficients(terms[degree] ?? [0])]);
    for (let k = degree - 1; k >= 1; k--) product = this.graph.node('Mul', [t, this.add(product, terms[k] ?? [0])]);
    return this.graph.node('Add', [product, this.coefficients(terms[0] ?? [0])], this.result);
  }

  /** b_k = 2 t b_{k+1} − b_{k+2} + c_k; the value is t b_1 − b_2 + c_0. */
  clenshaw(terms: readonly Coefficients[], t: string): string {
    const degree = terms.length - 1;
    if (degree < 2) return this.horner(terms, t);
    const twice = this.graph.node('Mul', [t, 2]);
    let after: Operand = this.coefficients(terms[degree] ?? [0]);
    let current = this.add(this.graph.node('Mul', [twice, after]), terms[degree - 1] ?? [0]);
    for (let k = degree - 2; k >= 1; k--) {
      const difference = this.graph.node('Sub', [this.graph.node('Mul', [twice, current]), after]);
      [current, after] = [this.add(difference, terms[k] ?? [0]), current];
    }
    const difference = this.graph.node('Sub', [this.graph.node('Mul', [t, current]), after]);
    return this.graph.node('Add', [difference, this.coefficients(terms[0] ?? [0])], this.result);
  }

  /** factors · x + offsets, without the parts that change nothing. */
  affine(x: string, factors: Coefficients, offsets: Coefficients, result: NodeOptions = {}): string {
    const shifts = !isAll(offsets, 0);
    const scaled = isAll(factors, 1)
      ? x
      : this.graph.node('Mul', [x, this.coefficients(factors)], shifts ? {} : result);
    if (shifts) return this.graph.node('Add', [scaled, this.coefficients(offsets)], result);
    return scaled;
  }

  private add(x: string, terms: Coefficients): string {
    return isAll(terms, 0) ? x : this.graph.node('Add', [x, this.coefficients(terms)]);
  }

  /** A number, or one for each index of the first axis of a sample. */
  private coefficients(terms: Coefficients): Operand {
    const [first = 0] = terms;
    if (isAll(terms, first)) return first;
    const ones = new Array<number>(Math.max(0, this.rank - 1)).fill(1);
    return this.graph.floats([terms.length, ...ones], terms, 'coefficients');
  }
}

function isAll(values: Coefficients, expected: number): boolean {
  return values.every((value) => value === expected);
}
