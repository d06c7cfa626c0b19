/** Where refreshes are placed: within the levels of a stage, as few as there must be, and where little is alive. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { placeRefreshes, type RefreshPlacement } from '../../../../compiler/layouts/place-refreshes.ts';
import { networkDepth } from '../../../../compiler/layouts/network-depth.ts';
import { Constant } from '../../../../ir/constant.ts';
import { TensorInterpreter } from '../../../../ir/interpret/tensor.ts';
import { TensorBuilder, type TensorModule } from '../../../../ir/tensor/ops.ts';
import { verify } from '../../../../ir/verify.ts';

const prices = { roundTrip: 25, ciphertext: 40 };
const placement = (levels: number, slots = 64): RefreshPlacement => ({ levels, slots, prices });

class Net {
  readonly builder = new TensorBuilder();
  input(n: number): number {
    return this.builder.add('input', [], { name: 'x', shape: [n] }, []);
  }
  dense(x: number, outputs: number): number {
    const [columns = 1] = this.builder.typeOf(x);
    const weights = new Constant([outputs, columns], new Float64Array(outputs * columns).fill(1 / columns));
    return this.builder.add('dense', [x], { weights, bias: new Constant([outputs], new Float64Array(outputs)) }, []);
  }
  square(x: number): number {
    return this.builder.add('multiply', [x, x], {}, []);
  }
  add(x: number, y: number): number {
    return this.builder.add('add', [x, y], {}, []);
  }
  end(x: number): TensorModule {
    this.builder.add('output', [x], { name: 'y' }, []);
    return this.builder.build('net');
  }
}

function chain(layers: number, width = 8): TensorModule {
  const net = new Net();
  let x = net.dense(net.input(8), width);
  for (let k = 1; k < layers; k++) x = net.dense(net.square(x), width);
  return net.end(x);
}

function refreshesOf({ nodes }: TensorModule): number[] {
  return nodes.flatMap(({ op, operands: [x = -1] }) => (op === 'refresh' ? [x] : []));
}

describe('a chain of dense layers and squares', () => {
  test('that has levels enough is left as it is', () => {
    const module = chain(4);
    const placed = placeRefreshes(module, placement(4));
    expect(placed?.rounds).toBe(0);
    expect(placed?.module.nodes.map(({ op }) => op)).toEqual(module.nodes.map(({ op }) => op));
  });

  test('takes the fewest round trips: levels but one before each, all of them at the end', () => {
    // Each layer takes a level; a stage that ends in a refresh has to leave one.
    for (const [layers, levels] of [
      [7, 3],
      [8, 4],
      [15, 3],
      [12, 6],
    ] as const) {
      const placed = placeRefreshes(chain(layers), placement(levels));
      expect(placed?.rounds).toBe(Math.ceil((layers - levels) / (levels - 1)));
      expect(networkDepth(placed?.module ?? chain(1)).depth).toBeLessThanOrEqual(levels);
      expect(refreshesOf(placed?.module ?? chain(1))).toHaveLength(placed?.rounds ?? 0);
    }
  });

  test('is refreshed where it is narrow', () => {
    const net = new Net();
    let x = net.dense(net.input(8), 256);
    for (const width of [256, 8, 256, 256, 256]) x = net.dense(net.square(x), width);
    const placed = placeRefreshes(net.end(x), placement(5));
    expect(placed?.rounds).toBe(1);
    for (const id of refreshesOf(placed?.module ?? chain(1))) expect(placed?.module.nodes[id]?.type).toEqual([8]);
  });

  test('with an op that takes more levels than a stage has is refused', () => {
    const net = new Net();
    const coefficients = new Constant([1, 16], new Float64Array(16).fill(0.1));
    const attrs = { basis: 'chebyshev', coefficients, center: 0, halfWidth: 1 } as const;
    const y = net.builder.add('polynomial', [net.dense(net.input(8), 8)], attrs, []);
    const module = net.end(net.dense(y, 4));
    const { depth } = networkDepth(module);
    expect(placeRefreshes(module, placement(depth))?.rounds).toBe(0);
    expect(placeRefreshes(module, placement(depth - 1))?.rounds).toBe(1);
    expect(placeRefreshes(module, placement(3))).toBeUndefined();
  });
});

describe('a residual network', () => {
  function residual(blocks: number): TensorModule {
    const net = new Net();
    let x = net.dense(net.input(8), 8);
    for (let k = 0; k < blocks; k++) x = net.add(net.dense(net.square(net.dense(net.square(x), 8)), 8), x);
    return net.end(net.dense(x, 4));
  }

  test('is refreshed at its sums, where one value is alive', () => {
    const placed = placeRefreshes(residual(3), placement(4));
    const nodes = placed?.module.nodes ?? [];
    const refreshed = refreshesOf(placed?.module ?? chain(1));
    expect(refreshed.length).toBe(placed?.rounds);
    for (const id of refreshed) expect(nodes[id]?.op).toBe('add');
  });

  test('whose blocks are deeper than a stage is refreshed in them, with the shortcut only where it must', () => {
    const placed = placeRefreshes(residual(2), placement(3));
    expect(placed).toBeDefined();
    expect(networkDepth(placed?.module ?? chain(1)).depth).toBeLessThanOrEqual(3);
  });
});

test('random networks keep what they compute, and each stage its levels', () => {
  const ops = fc.array(fc.record({ kind: fc.constantFrom('dense', 'square', 'add'), a: fc.nat(4), b: fc.nat(4) }), {
    minLength: 1,
    maxLength: 30,
  });
  fc.assert(
    fc.property(ops, fc.integer({ min: 2, max: 6 }), (list, levels) => {
      const net = new Net();
      const values = [net.dense(net.input(8), 8)];
      const pick = (back: number): number => values.at(-1 - (back % values.length)) ?? 0;
      for (const { kind, a, b } of list)
        values.push(
          kind === 'dense'
            ? net.dense(pick(a), 8)
            : kind === 'square'
              ? net.square(pick(a))
              : net.add(pick(a), pick(b)),
        );
      const module = net.end(pick(0));
      const placed = placeRefreshes(module, placement(levels));
      expect(placed).toBeDefined();
      if (placed === undefined) return;
      expect(verify(placed.module)).toEqual([]);
      expect(networkDepth(placed.module).depth).toBeLessThanOrEqual(levels);
      if (networkDepth(module).depth <= levels) expect(placed.rounds).toBe(0);
      const sample = new Map([['x', Float64Array.from({ length: 8 }, (_, i) => Math.cos(i) / 2)]]);
      const [y, expected] = [placed.module, module].map((each) =>
        new TensorInterpreter(each).evaluate(sample).get('y'),
      );
      expect(y).toEqual(expected);
    }),
    { numRuns: 200 },
  );
});
