import fc from 'fast-check';
import { expect, test } from 'vitest';

import { MinHeap } from '../../../../passes/pruning/tiles/min-heap.ts';

test('a heap gives its entries in ascending order, whenever they are asked for', () => {
  const steps = fc.array(fc.option(fc.integer({ min: -5, max: 5 })), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (keys) => {
      const heap = new MinHeap();
      const waiting: { key: number; item: number; tag: number }[] = [];
      for (const [item, key] of [...keys, ...keys.map(() => null)].entries()) {
        if (key !== null) {
          heap.push(key, item, -item);
          waiting.push({ key, item, tag: -item });
          continue;
        }
        waiting.sort((a, b) => a.key - b.key || a.item - b.item);
        expect(heap.least).toBe(waiting[0]?.key ?? Infinity);
        expect(heap.pop()).toEqual(waiting.shift());
      }
    }),
  );
});
