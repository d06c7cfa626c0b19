/** Operands of `ai.onnx.ml`, which are rows of features: [N, features], or a vector, which is one row. */
import { invalid, mixesSamples } from '../../proto/failure.ts';
import { type AnyTerm, isBatched, onnxRank, type Term, withShape } from '../../proto/term.ts';

/** `x` as rows; those of a batch are vectors of one sample. */
export function rowsOf<T extends AnyTerm>(x: T, opType: string): T {
  const rank = onnxRank(x);
  if (rank === 2) return x;
  if (rank !== 1) throw invalid(`${opType} takes rows of features, not a value of rank ${rank}`);
  if (isBatched(x)) throw mixesSamples(`${opType} takes the samples of a vector for features`);
  return withShape(x, [1, ...x.shape]);
}

export function featuresOf({ shape }: AnyTerm): number {
  return shape.at(-1) ?? 1;
}

/** The shape of rows like those of `x`, with `width` entries each. */
export function rowsLike({ shape }: AnyTerm, width: number): readonly number[] {
  return [...shape.slice(0, -1), width];
}

/** `x` as the reals that these operators compute with, whatever type the model gives it. */
export function asReals(x: Term): Term {
  return { ...x, elements: 'float' };
}
