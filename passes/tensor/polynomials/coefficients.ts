/** Polynomials as attributes of an op. */
import { Constant, elementCount } from '../../../ir/constant.ts';
import type { Shape } from '../../../ir/tensor/ops.ts';
import { entry, isAll, type Term } from './element-polynomial.ts';

/**
 * The coefficients [sets, degree + 1] of a polynomial of a value of `shape`: one set for all elements, one for each index of
 * the first axis, or one for each element, which only a vector can have as attribute.
 */
export function coefficientsOf(terms: readonly Term[], shape: Shape): Constant {
  const elements = elementCount(shape);
  const sets = [1, shape[0] ?? 1].find((count) => isBlockwise(terms, elements, count)) ?? elements;
  const count = Math.max(1, terms.length);
  const values = Float64Array.from({ length: sets * count }, (_, i) => {
    const set = Math.floor(i / count);
    return entry(terms[i % count] ?? new Float64Array(1), (set * elements) / sets);
  });
  return new Constant([sets, count], values);
}

/** Whether the elements of each of `blocks` equally long stretches have the same coefficients. */
function isBlockwise(terms: readonly Term[], elements: number, blocks: number): boolean {
  const length = elements / blocks;
  return terms.every((term) => {
    if (term.length === 1) return true;
    return Array.from({ length: blocks }, (_, b) => term.subarray(b * length, (b + 1) * length)).every((block) =>
      isAll(block, block[0] ?? 0),
    );
  });
}
