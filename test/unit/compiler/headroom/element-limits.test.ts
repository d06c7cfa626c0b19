/** Inputs that clients accept keep the ranges of comparisons, whatever they are: trees of random shapes, and other comparisons. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { inputLimits } from '../../../../compiler/headroom/element-limits.ts';
import { inputBounds } from '../../../../compiler/headroom/input-bounds.ts';
import { settingsOf } from '../../../../compiler/settings.ts';
import { exactNetwork, type ImportedGraph, largestShare, simplify } from '../../../../compiler/simplify.ts';
import { HepcError } from '../../../../ir/diagnostics/diagnostic.ts';
import { Constant, vector } from '../../../../ir/constant.ts';
import type { Sample } from '../../../../ir/interface.ts';
import { beforeEncryption } from '../../../../ir/interpret/client.ts';
import { evaluateAll, TensorInterpreter } from '../../../../ir/interpret/tensor.ts';
import { boundsViolation, clipped, type InputBounds } from '../../../../ir/plan/element-bounds.ts';
import { seededRandom } from '../../../../ir/random.ts';
import { TensorBuilder, type TensorModule } from '../../../../ir/tensor/ops.ts';
import { inputReaders } from '../../../../passes/tensor/comparisons/input-comparisons.ts';
import { model } from '../../../support/onnx-builder.ts';
import { isNightly } from '../../../support/setup/suite.ts';
import { graphOf } from '../../../support/tiny-networks.ts';
import { given, ml } from '../onnx/cases/ml/case.ts';
import { grow, type GrownTree, nodeAttributes } from '../onnx/cases/ml/grown-trees.ts';
import { importModel } from '../onnx/differential.ts';

const numRuns = isNightly ? 150 : 12;

/** A network in the clear, as its plan has it, and what its client accepts. */
class Guarded {
  readonly bounds: ReadonlyMap<string, InputBounds>;
  private readonly graph: ImportedGraph;
  private readonly whole: TensorModule;
  private readonly isRead: ReadonlyMap<string, Uint8Array>;

  constructor(graph: ImportedGraph, samples: readonly Sample[]) {
    const maxError = 1;
    const { exact, whole, limits, reference } = simplify(graph, settingsOf({ samples, maxError }));
    const allowedError = largestShare * maxError;
    this.bounds = inputBounds({ exact, whole, samples, limits, unit: reference.unit, allowedError });
    // What nothing reads is not encrypted.
    const { comparisons, readOtherwise } = inputReaders(exact);
    this.isRead = new Map([...readOtherwise].map(([name, others]) => [name, Uint8Array.from(others)]));
    for (const { input, map } of comparisons) for (const e of map.indices) this.isRead.get(input)?.fill(1, e, e + 1);
    this.graph = graph;
    this.whole = whole;
  }

  /** What is encrypted of the inputs of the model, undefined where the client refuses it. */
  encrypted(inputs: Sample): Sample | undefined {
    const sample = beforeEncryption(this.graph.steps ?? {}, inputs);
    const isAccepted = [...this.bounds].every(([name, bounds]) => {
      const values = sample.get(name) ?? new Float64Array();
      return boundsViolation(bounds, values, this.isRead.get(name) ?? new Uint8Array(values.length)) === undefined;
    });
    if (!isAccepted) return undefined;
    return new Map(
      [...sample].map(([name, values]) => [name, clipped(this.bounds.get(name) ?? { maxAbs: 0 }, values)]),
    );
  }

  /** The largest part that the operand of a polynomial takes of its range. */
  strain(sample: Sample): number {
    const values = evaluateAll(this.whole, sample);
    const strains = this.whole.nodes.flatMap((node) => {
      if (node.op !== 'polynomial' || node.attrs.basis !== 'chebyshev') return [];
      const { center, halfWidth } = node.attrs;
      return Array.from(values[node.operands[0] ?? -1] ?? [], (x) => Math.abs(x - center) / halfWidth);
    });
    return Math.max(0, ...strains);
  }

  /** What the model says, of inputs as they are and as they are encrypted. */
  answers(inputs: Sample, encrypted: Sample): readonly Sample[] {
    const interpreter = new TensorInterpreter(this.graph.module);
    return [beforeEncryption(this.graph.steps ?? {}, inputs), encrypted].map((sample) => interpreter.evaluate(sample));
  }
}

const rounding = 1 + 2 ** -20;

/** Whatever a feature may be: next to thresholds, far from all of them, and missing. */
const feature = fc.oneof(
  fc.integer({ min: -12, max: 12 }).map((k) => k / 4 + 0.01),
  fc.double({ min: -4, max: 4, noNaN: true }),
  fc.double({ min: -1e9, max: 1e9, noNaN: true }),
);

const forest = fc.record({
  count: fc.integer({ min: 1, max: 3 }),
  depth: fc.integer({ min: 1, max: 3 }),
  seed: fc.nat(1e6),
  features: fc.integer({ min: 1, max: 4 }),
  mayMiss: fc.boolean(),
});

const marksOf = (tree: GrownTree): boolean[] =>
  'votes' in tree ? [] : [tree.tracksMissing === true, ...marksOf(tree.whenTrue), ...marksOf(tree.whenFalse)];

describe('forests', () => {
  test('accept all numbers, within the ranges of their comparisons, and answer as the model does', () => {
    const seen = { clipped: 0, missing: 0 };
    fc.assert(
      fc.property(
        forest,
        fc.array(fc.array(feature, { minLength: 4, maxLength: 4 }), { minLength: 6, maxLength: 6 }),
        fc.boolean(),
        ({ count, depth, seed, features, mayMiss }, points, isNarrow) => {
          const growth = { features, targets: 1, depth, modes: ['BRANCH_LEQ', 'BRANCH_GT'] as const, mayMiss };
          const trees = grow(count, seed, growth);
          const knowsMissing = new Set(trees.flatMap(marksOf)).size === 2;
          const network = guardedForest(trees, { features, seed, knowsMissing, width: isNarrow ? 1.5 : 4 });
          if (network === undefined) return;
          const random = seededRandom(seed + 1);
          for (const point of points) {
            const isMissing = (): boolean => knowsMissing && random.uniform() < 0.3;
            const values = Float64Array.from(point.slice(0, features), (x) => (isMissing() ? NaN : x));
            const inputs = new Map([['x', values]]);
            const sample = network.encrypted(inputs);
            if (sample === undefined) throw new Error(`${values.join()} is refused`);
            expect(network.strain(sample)).toBeLessThanOrEqual(rounding);
            const [plain, sent] = network.answers(inputs, sample);
            expect(sent).toEqual(plain);
            seen.missing += Number(values.some(Number.isNaN));
            seen.clipped += Number(values.some((x) => Math.abs(x) > 1e3));
          }
        },
      ),
      { numRuns },
    );
    expect(seen.clipped).toBeGreaterThan(0);
    expect(seen.missing).toBeGreaterThan(0);
  });
});

interface Calibrated {
  readonly features: number;
  readonly seed: number;
  readonly knowsMissing: boolean;
  /** Of what samples show; thresholds are in [−2, 2]. */
  readonly width: number;
}

/** Undefined where samples show one side of a forest only, or lie so close to thresholds that no polynomial tells them apart. */
function guardedForest(
  trees: readonly GrownTree[],
  { features, seed, knowsMissing, width }: Calibrated,
): Guarded | undefined {
  const attributes = { ...nodeAttributes(trees, 'target'), n_targets: 1 };
  const node = ml('TreeEnsembleRegressor', 'x', 'y', attributes);
  const graph = importModel(model(given('', { inputs: { x: ['n', features] }, nodes: [node] }).spec));
  const random = seededRandom(seed);
  const drawn = (): number =>
    knowsMissing && random.uniform() < 0.2 ? NaN : (Math.floor(8 * width * (random.uniform() - 0.5)) + 0.5) / 8;
  const samples = Array.from({ length: 24 }, () =>
    beforeEncryption(graph.steps, new Map([['x', Float64Array.from({ length: features }, drawn)]])),
  );
  if (!graph.module.nodes.some(({ op }) => op === 'activation')) return undefined;
  try {
    return new Guarded(graph, samples);
  } catch (error) {
    if (error instanceof HepcError) return undefined;
    throw error;
  }
}

/** step(W x + b) of three features, summed, and what `also` adds of them. */
function comparisons(
  rows: readonly (readonly [number, number, number, number])[],
  also?: (builder: TensorBuilder, x: number) => number,
): TensorModule {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [3] }, []);
  const weights = new Constant([rows.length, 3], Float64Array.from(rows.flatMap((row) => row.slice(0, 3))));
  const compared = builder.add('dense', [x], { weights, bias: vector(rows.map((row) => row[3])) }, []);
  const decided = builder.add('activation', [compared], { kind: 'step', parameters: [] }, []);
  const ones = new Constant([1, rows.length], new Float64Array(rows.length).fill(1));
  const sum = builder.add('dense', [decided], { weights: ones, bias: vector([0]) }, []);
  builder.add(
    'output',
    [also === undefined ? sum : builder.add('add', [sum, also(builder, x)], {}, [])],
    { name: 'y' },
    [],
  );
  return builder.build('comparisons');
}

/** Of 1, 10 and 100, in steps of a 32nd of these from minus one half of them on. */
function samplesOf(seed: number): readonly Sample[] {
  const random = seededRandom(seed);
  return Array.from({ length: 32 }, () => {
    const values = [1, 10, 100].map((scale) => (scale * (Math.floor(32 * random.uniform()) - 15.5)) / 32);
    return new Map([['x', Float64Array.from(values)]]);
  });
}

const single: readonly (readonly [number, number, number, number])[] = [
  [1, 0, 0, -0.25],
  [0, -1, 0, 2.5],
  [0, 0, 1, 12.5],
];

describe('limits', () => {
  test('of elements that are compared by themselves clip, close to what samples show', () => {
    const limits = inputLimits({ module: comparisons(single) }, samplesOf(1)).get('x');
    expect(Array.from(limits?.clips ?? [])).toEqual([1, 1, 1]);
    const [a = 0, b = 0, c = 0] = [0, 1, 2].map((e) => (limits?.most[e] ?? NaN) - (limits?.least[e] ?? NaN));
    for (const [width, scale] of [
      [a, 1],
      [b, 10],
      [c, 100],
    ] as const) {
      expect(width).toBeGreaterThan(scale * (31 / 32));
      expect(width).toBeLessThan(scale * 1.25);
    }
  });

  test('reach thresholds that no sample reaches, and clip none that are far away', () => {
    const near = inputLimits({ module: comparisons([[1, 0, 0, -1.5]]) }, samplesOf(1)).get('x');
    expect(near?.clips[0]).toBe(1);
    expect(near?.most[0]).toBeGreaterThan(1.5);
    const far = inputLimits({ module: comparisons([[1, 0, 0, -50]]) }, samplesOf(1)).get('x');
    expect(far?.clips[0]).toBe(0);
    expect(far?.most[0]).toBeLessThan(1.1);
    expect(far?.most[1]).toBe(Infinity);
  });

  test('of elements that are compared with one another, or read otherwise, refuse', () => {
    const difference = inputLimits({ module: comparisons([[1, -0.1, 0, 0], ...single]) }, samplesOf(1)).get('x');
    expect(Array.from(difference?.clips ?? [])).toEqual([0, 0, 1]);
    const also = (builder: TensorBuilder, x: number): number =>
      builder.add('dense', [x], { weights: new Constant([1, 3], Float64Array.of(0, 0, 0.01)), bias: vector([0]) }, []);
    const mixed = inputLimits({ module: comparisons(single, also) }, samplesOf(1)).get('x');
    expect(Array.from(mixed?.clips ?? [])).toEqual([1, 1, 0]);
    expect(mixed?.most[2]).toBeLessThan(100);
  });

  test('of sums of many elements there are none', () => {
    const builder = new TensorBuilder();
    const x = builder.add('input', [], { name: 'x', shape: [8] }, []);
    const weights = new Constant([1, 8], new Float64Array(8).fill(1));
    const sum = builder.add('dense', [x], { weights, bias: vector([0]) }, []);
    builder.add('output', [builder.add('activation', [sum], { kind: 'sign', parameters: [] }, [])], { name: 'y' }, []);
    const limits = inputLimits({ module: builder.build('sum') }, [new Map([['x', new Float64Array(8)]])]).get('x');
    expect(limits?.least.every((least) => least === -Infinity)).toBe(true);
  });

  test('are not made of samples that nobody gave', () => {
    expect(exactNetwork(graphOf(comparisons(single)), settingsOf({})).limits).toBeUndefined();
  });
});

const inputs = fc.tuple(
  ...[1, 10, 100].map((scale) => fc.double({ min: -0.65, max: 0.65, noNaN: true }).map((x) => x * scale)),
);

describe('comparisons of features with one another, beside a layer that reads them', () => {
  const also = (builder: TensorBuilder, x: number): number =>
    builder.add('dense', [x], { weights: new Constant([1, 3], Float64Array.of(0.2, 0, 0.01)), bias: vector([0]) }, []);
  const network = new Guarded(graphOf(comparisons([[1, -0.1, 0, 0.05], ...single], also)), samplesOf(7));

  test('keep their ranges on all inputs that are accepted', () => {
    const seen = { accepted: 0, refused: 0, beyond: 0 };
    fc.assert(
      fc.property(inputs, (values) => {
        const given = new Map([['x', Float64Array.from(values)]]);
        const sample = network.encrypted(given);
        if (sample === undefined) {
          seen.refused++;
          return;
        }
        seen.accepted++;
        seen.beyond += Number(values.some((x, e) => Math.abs(x) > 0.5 * 10 ** e));
        expect(network.strain(sample)).toBeLessThanOrEqual(rounding);
        const [plain, sent] = network.answers(given, sample);
        expect(sent).toEqual(plain);
      }),
      { numRuns: 500 },
    );
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(20);
  });

  test('accept what calibration has shown', () => {
    for (const sample of samplesOf(7)) expect(network.encrypted(sample)).toBeDefined();
  });
});
