/** Who has a place, against a list in the order of use. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KeyPlaces } from '../../../../../runtime/engines/sessions/key-places.ts';

const actions = fc.array(fc.record({ owner: fc.nat(5), gives: fc.integer({ min: 0, max: 4 }).map((k) => k === 0) }));

test('the least recently used loses its place, which nobody else has', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), actions, (capacity, list) => {
      const places = new KeyPlaces<number>(capacity);
      /** Owners, the one that was used last at the end. */
      let inUse: number[] = [];
      const at = new Map<number, number>();
      for (const { owner, gives } of list) {
        const isThere = inUse.includes(owner);
        expect(places.has(owner)).toBe(isThere);
        inUse = inUse.filter((other) => other !== owner);
        if (gives) {
          expect(places.give(owner)).toBe(isThere ? at.get(owner) : undefined);
          continue;
        }
        if (isThere) expect(places.use(owner)).toBe(at.get(owner));
        else {
          expect(places.use(owner)).toBe(undefined);
          const loser = inUse.length === capacity ? inUse.shift() : undefined;
          const { place, evicted } = places.take(owner);
          expect(evicted).toBe(loser !== undefined);
          if (loser !== undefined) expect(place).toBe(at.get(loser));
          at.set(owner, place);
        }
        inUse.push(owner);
        const taken = inUse.map((other) => at.get(other) ?? -1);
        expect(new Set(taken).size).toBe(taken.length);
        expect(Math.max(...taken)).toBeLessThan(capacity);
        expect(places.taken).toBe(inUse.length);
      }
    }),
  );
});

test('places that were taken before come first, so that memory is touched late', () => {
  const places = new KeyPlaces<string>(3);
  expect(places.take('a').place).toBe(0);
  expect(places.take('b').place).toBe(1);
  places.give('a');
  expect(places.take('c').place).toBe(0);
});
