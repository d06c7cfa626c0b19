/**
 * The larger or the smaller of encrypted values: max(a, b) = (a + b + |a − b|) / 2. Of many, halves are compared with each
 * other until one value is left, which takes as many activations one after another as there are halvings.
 */
import { elementCount } from '../../../../ir/constant.ts';
import { broadcast } from '../../emission/broadcast.ts';
import type { Emitter } from '../../emission/emitter.ts';
import { range } from '../../emission/geometry.ts';
import type { Rule } from '../../emission/operation.ts';
import { invalid, refused } from '../../proto/failure.ts';
import { elementsOf, type Term } from '../../proto/term.ts';
import { scaled, sum } from '../arithmetic.ts';
import { reductionOf } from '../reduction.ts';

export type Extreme = 'maximum' | 'minimum';

/** Values of which one may be the largest: more take more depth than any modulus has. */
const mostValues = 256;

function extremeOf(emit: Emitter, a: Term, b: Term, which: Extreme): Term {
  const distance = emit.activation(sum(emit, [a, scaled(emit, b, -1)]), 'abs', []);
  const total = sum(emit, [a, b, scaled(emit, distance, which === 'maximum' ? 1 : -1)]);
  return { ...scaled(emit, total, 0.5), elements: elementsOf(a) };
}

/** Max and Min of operands that are encrypted, two or more of them; constants go into it last. */
export const variadicExtreme =
  (which: Extreme): Rule =>
  (op) => {
    const { terms } = broadcast(op.emit, op.inputs());
    const encrypted = terms.filter((term) => term.kind === 'encrypted');
    const constants = terms.filter((term) => term.kind === 'constant');
    return [tournament(op.emit, [tournament(op.emit, encrypted, which), ...constants], which)];
  };

/** The extreme of each group of a reduction. */
export const reducedExtreme =
  (which: Extreme): Rule =>
  (op) => {
    const x = op.input(0);
    const plan = reductionOf(op, x);
    if (plan === undefined) return [x];
    const { order, group, shape } = plan;
    const rows = elementCount(shape);
    const taps = range(group).map((k) => Int32Array.from({ length: rows }, (_, r) => order[r * group + k] ?? 0));
    return [{ ...extremeOfTaps(op.emit, x, taps, which), shape }];
  };

/** Clip with bounds that are encrypted. */
export const clipBetween: Rule = (op) => {
  const [x, least, most] = [op.input(0), op.optional(1), op.optional(2)];
  const above = least === undefined ? x : extremeOf(op.emit, x, least, 'maximum');
  return [most === undefined ? above : extremeOf(op.emit, above, most, 'minimum')];
};

/** For each i the extreme of the elements at `taps[k][i]` of x, over all k; a vector. */
export function extremeOfTaps(emit: Emitter, x: Term, taps: readonly Int32Array[], which: Extreme): Term {
  if (taps.length > mostValues)
    throw refused(
      `the ${which} of ${taps.length} encrypted values is asked for`,
      `Compare at most ${mostValues}; each doubling takes the depth of one more comparison.`,
    );
  const rows = taps[0]?.length ?? 0;
  let values = emit.move(x, [taps.length, rows], joined(taps));
  for (let count = taps.length; count > 1;) {
    const half = Math.floor(count / 2);
    const part = (first: number): Term =>
      emit.move(
        values,
        [half, rows],
        Int32Array.from(range(half * rows), (i) => first * rows + i),
      );
    const winners = extremeOf(emit, part(0), part(half), which);
    // One without a partner waits for the next round.
    values = count % 2 === 0 ? winners : withLast(emit, winners, values);
    count = Math.ceil(count / 2);
  }
  return { ...values, shape: [rows] };
}

/** The rows of `winners`, and behind them the last one of `values`. */
function withLast(emit: Emitter, winners: Term, values: Term): Term {
  const [won = 0, rows = 0] = winners.shape;
  const [count = 0] = values.shape;
  const last = (won + count - 1) * rows;
  const index = Int32Array.from(range((won + 1) * rows), (i) => (i < won * rows ? i : last + i - won * rows));
  return emit.rearrange([winners, values], [won + 1, rows], index);
}

function joined(parts: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(parts.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Of all terms, which are of one shape and one at least. */
function tournament(emit: Emitter, terms: readonly Term[], which: Extreme): Term {
  const [first, ...others] = terms;
  if (first === undefined) throw invalid(`the ${which} of nothing`);
  if (others.length === 0) return first;
  const half = Math.ceil(terms.length / 2);
  const [left, right] = [terms.slice(0, half), terms.slice(half)];
  return extremeOf(emit, tournament(emit, left, which), tournament(emit, right, which), which);
}
