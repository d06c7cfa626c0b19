import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { placeBootstraps } from '../../../../compiler/layouts/place-bootstraps.ts';
import { Constant } from '../../../../ir/constant.ts';
import { TensorBuilder, type TensorModule, type TensorNode } from '../../../../ir/tensor/ops.ts';

const width = 2;
const slots = 4;

const weights = new Constant([width, width], Float64Array.of(0.5, 0.25, -0.25, 0.5));
const bias = new Constant([width], Float64Array.of(0.1, 0.2));

type Layer = { readonly op: 'dense' | 'square' | 'add'; readonly back: number };

/** A network of layers, each of which reads the one before, and a sum one further back. */
function network(layers: readonly Layer[]): TensorModule {
  const builder = new TensorBuilder();
  const values = [builder.add('input', [], { name: 'x', shape: [width] }, [])];
  for (const { op, back } of layers) {
    const x = values.at(-1) ?? -1;
    if (op === 'dense') values.push(builder.add('dense', [x], { weights, bias }, []));
    else if (op === 'square') values.push(builder.add('multiply', [x, x], {}, []));
    else values.push(builder.add('add', [x, values.at(-1 - back) ?? values[0] ?? -1], {}, []));
  }
  builder.add('output', [values.at(-1) ?? -1], { name: 'y' }, []);
  return builder.build('layers');
}

/** Levels along the longest way, from what is refreshed on. */
function mostLevels(module: TensorModule): number {
  const needs = module.nodes.map(() => 0);
  let most = 0;
  for (const node of module.nodes.toReversed()) {
    const need = node.op === 'refresh' ? 0 : (needs[node.id] ?? 0) + depthOf(node);
    most = Math.max(most, needs[node.id] ?? 0, need);
    for (const operand of node.operands) needs[operand] = Math.max(needs[operand] ?? 0, need);
  }
  return most;
}

function depthOf({ op }: TensorNode): number {
  return op === 'dense' || op === 'multiply' ? 1 : 0;
}

function refreshes({ nodes }: TensorModule): number {
  return nodes.filter(({ op }) => op === 'refresh').length;
}

/** The fewest values that have to be refreshed, by trying all sets of them. */
function fewest(module: TensorModule, levels: number): number {
  const computed = module.nodes.filter(({ op }) => op !== 'input' && op !== 'output');
  let best = Infinity;
  for (let set = 0; set < 2 ** computed.length; set++) {
    const chosen = new Set(computed.filter((_, k) => ((set >> k) & 1) === 1).map(({ id }) => id));
    if (chosen.size >= best) continue;
    const needs = module.nodes.map(() => 0);
    let fits = true;
    for (const node of module.nodes.toReversed()) {
      const need = (chosen.has(node.id) ? 0 : (needs[node.id] ?? 0)) + depthOf(node);
      fits &&= need <= levels;
      for (const operand of node.operands) needs[operand] = Math.max(needs[operand] ?? 0, need);
    }
    if (fits) best = chosen.size;
  }
  return best;
}

const layer = fc.record<Layer>({
  op: fc.constantFrom('dense', 'square', 'add'),
  back: fc.integer({ min: 1, max: 4 }),
});

describe('refreshes', () => {
  test('leave no way longer than the levels, and are as few as can be', () => {
    fc.assert(
      fc.property(fc.array(layer, { minLength: 1, maxLength: 9 }), fc.integer({ min: 1, max: 4 }), (layers, levels) => {
        const module = network(layers);
        const refreshed = placeBootstraps(module, { levels, slots, isScaled: true });
        if (refreshed === undefined) throw new Error('no layer takes more than a level');
        expect(mostLevels(refreshed)).toBeLessThanOrEqual(levels);
        // A place before a product may be dearer than two others, so that only their sum is least.
        const least = fewest(module, levels);
        expect(refreshes(refreshed)).toBeGreaterThanOrEqual(least);
        expect(refreshes(refreshed)).toBeLessThanOrEqual(1.5 * least);
      }),
    );
  });

  test('stand behind products rather than before them', () => {
    const layers = Array.from({ length: 6 }, (_, k): Layer => ({ op: k % 2 === 0 ? 'dense' : 'square', back: 1 }));
    const refreshed = placeBootstraps(network(layers), { levels: 4, slots, isScaled: true });
    expect(refreshed?.nodes.map(({ op }) => op)).toEqual([
      'input',
      'dense',
      'multiply',
      'refresh',
      'dense',
      'multiply',
      'dense',
      'multiply',
      'output',
    ]);
  });

  test('are as few before products as anywhere, where these take them at their scale', () => {
    fc.assert(
      fc.property(fc.array(layer, { minLength: 1, maxLength: 9 }), fc.integer({ min: 1, max: 4 }), (layers, levels) => {
        const module = network(layers);
        const refreshed = placeBootstraps(module, { levels, slots, isScaled: false });
        if (refreshed === undefined) throw new Error('no layer takes more than a level');
        expect(mostLevels(refreshed)).toBeLessThanOrEqual(levels);
        expect(refreshes(refreshed)).toBe(fewest(module, levels));
      }),
    );
  });

  test('are none where there are levels enough, and not to be had where a layer takes more', () => {
    const module = network([{ op: 'dense', back: 1 }]);
    expect(refreshes(placeBootstraps(module, { levels: 1, slots, isScaled: true }) ?? module)).toBe(0);
    expect(placeBootstraps(module, { levels: 0, slots, isScaled: true })).toBeUndefined();
  });
});
