/** Axes that could be smaller: how many elements they have alive, and how many would be left. */
import { describe, expect, test } from 'vitest';

import { PassManager } from '../../../passes/manager.ts';
import { prune } from '../../../passes/pruning/prune.ts';
import { smallerAxes } from '../../../pruning/shrink.ts';
import { denseChain, residual } from '../../support/tiny-networks.ts';

const sizes = (axes: ReturnType<typeof smallerAxes>) => axes.map(({ alive, keep }) => [alive, keep]);

describe('axes', () => {
  const chain = denseChain([100, 64, 33, 40]);

  test('go to the next smaller power of two, outputs only where they may', () => {
    expect(sizes(smallerAxes(chain, true))).toEqual([
      [100, 64],
      [64, 32],
      [33, 32],
      [40, 32],
    ]);
    expect(sizes(smallerAxes(chain, false))).toEqual([
      [100, 64],
      [64, 32],
      [33, 32],
    ]);
  });

  test('of few elements stay', () => {
    expect(sizes(smallerAxes(denseChain([17, 16, 5]), true))).toEqual([[17, 16]]);
    expect(sizes(smallerAxes(denseChain([32, 31, 5]), true))).toEqual([
      [32, 16],
      [31, 16],
    ]);
  });

  test('that were cut down have fewer elements alive', () => {
    const [input, hidden] = smallerAxes(chain, false);
    const keep = [input, hidden].flatMap((axis) =>
      axis === undefined ? [] : [{ home: axis.home, neurons: axis.keep }],
    );
    const smaller = new PassManager([]).run(prune, chain, { criterion: 'l1', target: 'neuron', keep });
    expect(sizes(smallerAxes(smaller, false))).toEqual([
      [64, 32],
      [32, 16],
      [33, 32],
    ]);
  });

  test('that a residual edge ties count once', () => {
    const module = residual(24, 20, 18);
    const axes = smallerAxes(module, true);
    expect(sizes(axes)).toEqual([
      [24, 16],
      [20, 16],
      [21, 16],
      [18, 16],
    ]);
    const homes = new Set(axes.map(({ home }) => home));
    expect(homes.size).toBe(4);
  });
});
