/** Features of very different scales have ranges of their own: what is accepted is answered, what is refused would not be. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { compileGraph } from '../../../../compiler/compile.ts';
import { inputBounds } from '../../../../compiler/headroom/input-bounds.ts';
import { settingsOf } from '../../../../compiler/settings.ts';
import { largestShare, simplify } from '../../../../compiler/simplify.ts';
import { Constant, vector } from '../../../../ir/constant.ts';
import type { Sample } from '../../../../ir/interface.ts';
import { evaluateAll } from '../../../../ir/interpret/tensor.ts';
import { largestAbsolute } from '../../../../ir/maths/averages.ts';
import { boundsViolation, type ElementGroup, type InputBounds } from '../../../../ir/plan/element-bounds.ts';
import { activationKinds, TensorBuilder, type TensorModule } from '../../../../ir/tensor/ops.ts';
import { checkInputRange } from '../../../../runtime/base/codec.ts';
import { readClientPart, writeClientPart } from '../../../../runtime/hep/client-part.ts';
import { parametersOfKind } from '../../../support/activation-parameters.ts';
import { randomVector } from '../../../support/arbitrary-maps.ts';
import { isNightly } from '../../../support/setup/suite.ts';
import { graphOf } from '../../../support/tiny-networks.ts';

interface Feature {
  readonly least: number;
  readonly width: number;
}

const kinds = ['square', ...activationKinds] as const;
type Kind = (typeof kinds)[number];

/** Numbers that bring what is about standard normal into the domain of a kind: factor and offset. */
const intoDomain: Partial<Readonly<Record<Kind, readonly [number, number]>>> = {
  reciprocal: [0.5, 4],
  sqrt: [0.5, 4],
  rsqrt: [0.5, 4],
  power: [0.5, 4],
  log: [0.5, 4],
  acosh: [0.5, 5],
  asin: [0.15, 0],
  acos: [0.15, 0],
  atanh: [0.15, 0],
  tan: [0.15, 0],
};

/** Standardises its features, and has one layer of `kind` between two dense ones. */
function networkOf(features: readonly Feature[], kind: Kind, seed: number): TensorModule {
  const builder = new TensorBuilder();
  const n = features.length;
  const x = builder.add('input', [], { name: 'x', shape: [n] }, []);
  const factors = vector(features.map(({ width }) => 3 / width));
  const offsets = vector(features.map(({ least, width }) => (-3 * (least + width / 2)) / width));
  const standard = builder.add('scale-shift', [x], { factors, offsets }, []);
  const values = randomVector(4 * n, seed).map((w) => w / Math.sqrt(n));
  const layer = builder.add(
    'dense',
    [standard],
    { weights: new Constant([4, n], values), bias: vector([0, 0, 0, 0]) },
    [],
  );
  const [factor, offset] = intoDomain[kind] ?? [1, 0];
  const seen = builder.add('scale-shift', [layer], { factors: vector([factor]), offsets: vector([offset]) }, []);
  const value =
    kind === 'square'
      ? builder.add('multiply', [seen, seen], {}, [])
      : builder.add('activation', [seen], { kind, parameters: [...(parametersOfKind[kind] ?? [])] }, []);
  const last = { weights: new Constant([2, 4], randomVector(8, seed + 1)), bias: vector([0.1, 0.2]) };
  builder.add('output', [builder.add('dense', [value], last, [])], { name: 'y' }, []);
  return builder.build('scales');
}

function samplesOf(features: readonly Feature[], count: number, seed: number): Sample[] {
  return Array.from({ length: count }, (_, k) => {
    const values = randomVector(features.length, seed + 10 + k);
    return new Map([
      ['x', values.map((v, e) => (features[e]?.least ?? 0) + ((v + 1) / 2) * (features[e]?.width ?? 0))],
    ]);
  });
}

class Bounded {
  readonly bounds: InputBounds;
  readonly samples: readonly Sample[];
  private readonly whole: TensorModule;
  private readonly ranges: readonly number[];

  constructor(module: TensorModule, samples: readonly Sample[], maxError = 0.3) {
    const { exact, whole, reference } = simplify(graphOf(module), settingsOf({ samples, maxError }));
    const { unit } = reference;
    const bounds = inputBounds({ exact, whole, samples, unit, allowedError: largestShare * maxError }).get('x');
    if (bounds === undefined) throw new Error('the network has an input x');
    this.bounds = bounds;
    this.samples = samples;
    this.whole = whole;
    const all = samples.map((sample) => evaluateAll(whole, sample).map(largestAbsolute));
    this.ranges = whole.nodes.map(({ id }) => Math.max(...all.map((values) => values[id] ?? 0)));
  }

  groupOf(element: number): ElementGroup {
    const { maxAbs, groups } = this.bounds;
    const all = [-maxAbs, maxAbs] as const;
    return groups?.groups[groups.groupOf[element] ?? 0] ?? { calibrated: all, together: all, alone: all };
  }

  /** Whether no other element is in the group of this one, which is not the one of all others. */
  isBoundedAlone(element: number): boolean {
    const { groups } = this.bounds;
    const own = groups?.groupOf[element] ?? 0;
    return own > 0 && groups?.groupOf.filter((group) => group === own).length === 1;
  }

  isAccepted(values: Float64Array): boolean {
    return boundsViolation(this.bounds, values, new Uint8Array(values.length).fill(1)) === undefined;
  }

  /** The largest part that an operand takes of the range that its polynomial was fitted on, or a value of its headroom. */
  strain(values: Float64Array): number {
    const sample = new Map([['x', values]]);
    const got = evaluateAll(this.whole, sample);
    return Math.max(
      ...this.whole.nodes
        .map((node) => {
          const own = got[node.id] ?? new Float64Array();
          const growth = largestAbsolute(own) / (8 * (this.ranges[node.id] ?? 1));
          if (node.op !== 'polynomial' || node.attrs.basis !== 'chebyshev') return growth;
          const { center, halfWidth } = node.attrs;
          const operand = got[node.operands[0] ?? -1] ?? new Float64Array();
          return Math.max(growth, largestAbsolute(operand.map((v) => (v - center) / halfWidth)));
        })
        .map((strain) => (Number.isNaN(strain) ? Infinity : strain)),
    );
  }
}

const valuesOf = (sample: Sample | undefined): Float64Array => sample?.get('x') ?? new Float64Array();
const rounding = 1 + 1e-5;

const features = fc
  .array(
    fc.record({
      exponent: fc.integer({ min: -9, max: 12 }),
      width: fc.double({ min: 1, max: 2, noNaN: true }),
      offset: fc.constantFrom(0, 0, -0.5, -1, 1.5, 40, -7),
    }),
    { minLength: 2, maxLength: 5 },
  )
  .map((list) =>
    list.map(({ exponent, width, offset }): Feature => {
      const scale = width * 2 ** exponent;
      return { width: scale, least: offset * scale };
    }),
  );

const numRuns = isNightly ? 12 : 1;

describe.each(kinds)('features of different scales before %s', (kind) => {
  test('are accepted as far as ranges are kept, alone and together, and no farther', () => {
    fc.assert(
      fc.property(features, fc.nat(1e6), fc.nat(), (list, seed, pick) => {
        const network = new Bounded(networkOf(list, kind, seed), samplesOf(list, 32, seed));
        for (const sample of network.samples) expect(network.isAccepted(valuesOf(sample))).toBe(true);
        const base = valuesOf(network.samples[pick % network.samples.length]);
        for (let e = 0; e < list.length; e++) {
          for (const k of [0, 1] as const) {
            expectEnd(network, base, e, k);
            if (network.isBoundedAlone(e)) expectNoFarther(network, e, k);
          }
        }
        if (list.every((_, e) => network.isBoundedAlone(e))) expectShares(network, base, seed);
      }),
      { numRuns },
    );
  });
});

/** An element may stand at an end of what it may be alone, beside a sample, and not beyond. */
function expectEnd(network: Bounded, base: Float64Array, e: number, k: 0 | 1): void {
  const { calibrated, alone } = network.groupOf(e);
  const atEnd = base.with(e, alone[k]);
  expect(network.isAccepted(atEnd)).toBe(true);
  // What calibration has shown is accepted whatever it is beside.
  if (alone[k] !== calibrated[k]) expect(network.strain(atEnd)).toBeLessThanOrEqual(rounding);
  const step = 1e-6 * network.bounds.maxAbs;
  expect(network.isAccepted(base.with(e, alone[k] + (k === 0 ? -step : step)))).toBe(false);
}

/** A fourth of an octave beyond the end, or an eighth of the scale, the element leaves a range beside some sample. */
function expectNoFarther(network: Bounded, e: number, k: 0 | 1): void {
  const { calibrated, together, alone } = network.groupOf(e);
  const limit = 8 * Math.max(...network.samples.map((sample) => largestAbsolute(valuesOf(sample))));
  if (Math.abs(alone[k]) > 0.999 * limit) return;
  const unit = Math.max(...calibrated.map(Math.abs));
  const way = Math.max(Math.abs(alone[k] - together[k]) * 2 ** 0.26, unit / 8);
  const beyond = together[k] + (k === 0 ? -way : way);
  const strains = network.samples.map((sample) => network.strain(valuesOf(sample).with(e, beyond)));
  expect(Math.max(...strains)).toBeGreaterThan(1);
}

/** All elements may exceed calibration at once where their parts of what each may alone add up to one. */
function expectShares(network: Bounded, base: Float64Array, seed: number): void {
  const parts = randomVector(base.length, seed + 7).map(Math.abs);
  const total = parts.reduce((sum, part) => sum + part, 1e-3);
  const sum = base.map((x, e) => {
    const { calibrated, alone } = network.groupOf(e);
    const k = ((seed >> e) & 1) === 0 ? 0 : 1;
    return x + ((parts[e] ?? 0) / total) * (alone[k] - calibrated[k]);
  });
  expect(network.isAccepted(sum)).toBe(true);
  expect(network.strain(sum)).toBeLessThanOrEqual(rounding);
}

test('a feature a ten thousandth of another one is bounded by its own scale', () => {
  const list = [
    { least: 0, width: 0.1 },
    { least: 0, width: 4000 },
  ];
  const network = new Bounded(networkOf(list, 'sigmoid', 5), samplesOf(list, 64, 5));
  const base = Float64Array.of(0.05, 2000);
  expect(network.isAccepted(base)).toBe(true);
  expect(network.isAccepted(base.with(0, 10))).toBe(false);
  expect(network.isAccepted(base.with(0, -1))).toBe(false);
  expect(network.isAccepted(base.with(1, -4000))).toBe(false);
});

test('the file of a plan has them, and its client refuses what is beyond', () => {
  const list = [
    { least: 0, width: 0.1 },
    { least: 0, width: 4000 },
  ];
  const samples = samplesOf(list, 64, 5);
  const { plan } = compileGraph(graphOf(networkOf(list, 'sigmoid', 5)), { samples, maxError: 0.05 });
  const [input] = readClientPart(writeClientPart(plan.client), 'client.hep').inputs;
  if (input === undefined) throw new Error('the plan has an input');
  expect(input.groups).toBeDefined();
  expect(input.groups).toEqual(plan.client.inputs[0]?.groups);
  expect(input.maxAbs).toBeGreaterThan(3900);
  expect(checkInputRange(input, samples.map(valuesOf))).toEqual([]);
  const [refusal] = checkInputRange(input, [Float64Array.of(0.05, 2000), Float64Array.of(10, 2000)]);
  expect(refusal?.code).toBe('H510');
  expect(refusal?.message).toMatch(/element 0 of sample 1 is 10, the plan was compiled for -?0\.\d+ to 0\.\d+$/);
  // What one feature exceeds by leaves less to the other.
  const { groups } = input;
  const alone = [0, 1].map((e) => groups?.groups[groups.groupOf[e] ?? 0]?.alone[1] ?? NaN);
  const [small = NaN, large = NaN] = alone;
  expect(checkInputRange(input, [Float64Array.of(small, 2000), Float64Array.of(0.05, large)])).toEqual([]);
  const [shared] = checkInputRange(input, [Float64Array.of(small, large)]);
  expect(shared?.message).toMatch(/beside the other values of this sample/);
});

test('a feature far from zero is bounded on both sides', () => {
  const list = [
    { least: 0, width: 0.1 },
    { least: 1990, width: 30 },
  ];
  const network = new Bounded(networkOf(list, 'sigmoid', 5), samplesOf(list, 64, 5));
  const base = Float64Array.of(0.05, 2005);
  expect(network.isAccepted(base.with(1, 0))).toBe(false);
  expect(network.isAccepted(base.with(1, 2500))).toBe(false);
  expect(network.isAccepted(base.with(1, 1992))).toBe(true);
});

test('a feature that nothing depends on may have any value of its input', () => {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [3] }, []);
  const weights = new Constant([2, 3], Float64Array.of(0.01, 0, 2, 0.02, 0, -3));
  const layer = builder.add('dense', [x], { weights, bias: vector([0, 0]) }, []);
  const value = builder.add('activation', [layer], { kind: 'sigmoid', parameters: [] }, []);
  builder.add('output', [value], { name: 'y' }, []);
  const list = [0, 1, 2].map((e) => ({ least: 0, width: [100, 1, 1][e] ?? 1 }));
  const network = new Bounded(builder.build('dead'), samplesOf(list, 48, 3), 0.05);
  const base = Float64Array.of(50, 0.5, 0.5);
  expect(network.isAccepted(base.with(1, 90))).toBe(true);
  expect(network.isAccepted(base.with(2, 90))).toBe(false);
});

describe('images', () => {
  const [rows, columns] = [12, 12];
  const at = (r: number, c: number): number => r * columns + c;
  /** Blobs in the middle of a margin that is nearly always black, and a little darker to the right. */
  const images = Array.from({ length: 64 }, (_, k) => {
    const noise = randomVector(rows * columns, 300 + k);
    const pixels = noise.map((v, i) => {
      const [r, c] = [Math.floor(i / columns), i % columns];
      const isInside = r > 2 && r < 9 && c > 2 && c < 9;
      return isInside ? Math.max(0, v) * (c === 8 ? 0.3 : 1) : k === 7 && r === 2 ? 0.02 : 0;
    });
    return new Map([['x', pixels]]);
  });
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [rows * columns] }, []);
  const values = randomVector(8 * rows * columns, 1).map((w) => w / 6);
  const layer = builder.add(
    'dense',
    [x],
    { weights: new Constant([8, rows * columns], values), bias: vector(Array.from({ length: 8 }, () => 0)) },
    [],
  );
  const value = builder.add('activation', [layer], { kind: 'sigmoid', parameters: [] }, []);
  builder.add('output', [value], { name: 'y' }, []);
  const network = new Bounded(builder.build('image'), images, 0.05);
  const base = valuesOf(images[0]);

  test('whose pixels are of one scale have one bound, margins too', () => {
    expect(network.bounds.groups).toBeUndefined();
    for (const pixel of [at(0, 0), at(2, 5), at(5, 8)]) expect(network.isAccepted(base.with(pixel, 1))).toBe(true);
    expect(network.isAccepted(base.map((v) => 255 * v))).toBe(false);
  });

  test('with a margin that the network is sensitive to are bounded there', () => {
    const loud = new TensorBuilder();
    const input = loud.add('input', [], { name: 'x', shape: [rows * columns] }, []);
    const weights = new Constant(
      [8, rows * columns],
      values.map((w, i) => (i % (rows * columns) === at(0, 0) ? 100 : w)),
    );
    const bias = vector(Array.from({ length: 8 }, () => 0));
    const activation = { kind: 'sigmoid' as const, parameters: [] };
    const hidden = loud.add('activation', [loud.add('dense', [input], { weights, bias }, [])], activation, []);
    loud.add('output', [hidden], { name: 'y' }, []);
    const sensitive = new Bounded(loud.build('loud'), images, 0.05);
    expect(sensitive.isAccepted(base.with(at(0, 0), 1))).toBe(false);
    expect(sensitive.isAccepted(base.with(at(0, 0), 0.001))).toBe(true);
    expect(sensitive.isAccepted(base.with(at(0, 1), 1))).toBe(true);
    for (const image of images) expect(sensitive.isAccepted(valuesOf(image))).toBe(true);
  });
});
