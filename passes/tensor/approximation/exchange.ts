/** The exchange of the Remez algorithm: from the points of one levelled error to those of the next. */
import type { ErrorPoint } from './error-extrema.ts';

/**
 * As many points as `reference` has, with errors of alternating sign, the largest error among them and none below
 * the levelled one. The reference points take part with the signs that they were given, so there are always enough,
 * even where the levelled error is zero.
 */
export function exchangePoints(
  reference: readonly number[],
  levelled: number,
  extrema: readonly ErrorPoint[],
): number[] {
  const own = reference.map((t, j) => ({
    t,
    sign: (j % 2 === 0 ? 1 : -1) * (levelled < 0 ? -1 : 1),
    size: Math.abs(levelled),
  }));
  const others = extrema
    .filter(({ error }) => Math.abs(error) > Math.abs(levelled))
    .map(({ t, error }) => ({ t, sign: Math.sign(error), size: Math.abs(error) }));
  const chain: { t: number; sign: number; size: number }[] = [];
  for (const point of [...own, ...others].sort((a, b) => a.t - b.t)) {
    const last = chain.at(-1);
    if (last?.sign !== point.sign) chain.push(point);
    else if (point.size > last.size) chain[chain.length - 1] = point;
  }
  while (chain.length > reference.length) {
    const [first, last] = [chain[0]?.size ?? 0, chain.at(-1)?.size ?? 0];
    const smallest = chain.reduce((at, point, i) => (point.size < (chain[at]?.size ?? 0) ? i : at), 0);
    if (chain.length === reference.length + 1 || smallest === 0 || smallest === chain.length - 1) {
      if (first < last) chain.shift();
      else chain.pop();
    } else {
      // An inner point goes with its smaller neighbour, so that the signs still alternate.
      const previous = chain[smallest - 1]?.size ?? 0;
      const next = chain[smallest + 1]?.size ?? 0;
      chain.splice(previous < next ? smallest - 1 : smallest, 2);
    }
  }
  return chain.map(({ t }) => t);
}
