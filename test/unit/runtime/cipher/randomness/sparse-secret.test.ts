import { expect, test } from 'vitest';
import { drawSparseSecret, sparseWeight } from '../../../../../runtime/cipher/randomness/sparse-secret.ts';

test('as many ones as minus ones, and nothing else but zeros', () => {
  for (const n of [1024, 65536]) {
    const counts = new Map<number, number>();
    for (const x of drawSparseSecret(n)) counts.set(x, (counts.get(x) ?? 0) + 1);
    expect(counts).toEqual(
      new Map([
        [0, n - sparseWeight],
        [1, sparseWeight / 2],
        [-1, sparseWeight / 2],
      ]),
    );
  }
});

test('every place has the same chance, of either sign', () => {
  const n = 4096;
  const draws = 400;
  const places = 64;
  const ones = new Float64Array(places);
  const minusOnes = new Float64Array(places);
  for (let draw = 0; draw < draws; draw++)
    for (const [i, x] of drawSparseSecret(n).entries()) {
      const counts = x === 1 ? ones : minusOnes;
      if (x !== 0) counts[i % places] = (counts[i % places] ?? 0) + 1;
    }
  const drawn = (draws * sparseWeight) / 2;
  // Six deviations of a binomial count: a right generator fails once in 10^7 runs.
  const most = 6 * Math.sqrt((drawn / places) * (1 - 1 / places));
  for (const count of [...ones, ...minusOnes]) expect(Math.abs(count - drawn / places)).toBeLessThan(most);
});
