import fc from 'fast-check';
import { expect, test } from 'vitest';

import { convolve } from '../../../../ir/maths/convolve.ts';
import { randomVector } from '../../../support/arbitrary-maps.ts';

test('adds for every position what its taps read, in each group', () => {
  const sizes = fc.record({
    groups: fc.constantFrom(1, 2, 3),
    outputsOfGroup: fc.integer({ min: 1, max: 9 }),
    perGroup: fc.integer({ min: 1, max: 3 }),
    positions: fc.integer({ min: 1, max: 4 }),
    taps: fc.integer({ min: 1, max: 4 }),
    seed: fc.nat(1000),
  });
  fc.assert(
    fc.property(sizes, ({ groups, outputsOfGroup, perGroup, positions, taps, seed }) => {
      const channelElements = 5;
      const outputs = groups * outputsOfGroup;
      const source = Int32Array.from({ length: positions * taps }, (_, i) => ((7 * i + seed) % 6) - 1);
      const weights = randomVector(outputs * perGroup * taps, seed);
      const x = randomVector(groups * perGroup * channelElements, seed + 1);
      const y = randomVector(outputs * positions, seed + 2);
      const expected = y.map((start, row) => {
        const [o, position] = [Math.floor(row / positions), row % positions];
        let sum = start;
        for (let channel = 0; channel < perGroup; channel++) {
          for (let tap = 0; tap < taps; tap++) {
            const element = source[position * taps + tap] ?? -1;
            const from = Math.floor(o / outputsOfGroup) * perGroup + channel;
            if (element >= 0)
              sum += (weights[(o * perGroup + channel) * taps + tap] ?? 0) * (x[from * 5 + element] ?? 0);
          }
        }
        return sum;
      });
      convolve(weights, { source, taps, groups, channelElements }, x, y);
      expect(y).toEqual(expected);
    }),
  );
});
