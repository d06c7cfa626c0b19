import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../../../ir/digest.ts';
import { seededRandom } from '../../../ir/random.ts';

function gaussians(seed: number, count: number, sigma = 1): Float64Array {
  const values = new Float64Array(count);
  seededRandom(seed).fillGaussian(values, sigma);
  return values;
}

/** The mean of `f` over `values`. */
function mean(values: Float64Array, f: (value: number) => number): number {
  return values.reduce((sum, value) => sum + f(value), 0) / values.length;
}

describe('sha256Hex', () => {
  it('gives the digest of FIPS 180-4', () => {
    expect(sha256Hex(new TextEncoder().encode('abc'))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });
});

describe('seededRandom', () => {
  it('repeats itself, and differs between seeds', () => {
    const draw = (seed: number): number[] => {
      const random = seededRandom(seed);
      return Array.from({ length: 4 }, () => random.uniform());
    };
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  it('never changes: plans depend on it', () => {
    const random = seededRandom(1);
    expect([random.uniform(), random.integer(0, 99), random.gaussian(), random.fork('a').uniform()])
      .toMatchInlineSnapshot(`
      [
        0.5618926731532325,
        54,
        0.26335209826080164,
        0.7858942534832227,
      ]
    `);
  });

  it('draws integers between both bounds, included', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), fc.nat(20), (seed, lo, span) => {
        const random = seededRandom(seed);
        const seen = new Set(Array.from({ length: 600 }, () => random.integer(lo, lo + span)));
        expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: span + 1 }, (_, i) => lo + i));
      }),
      { numRuns: 50, seed: 1 },
    );
  });

  it('draws uniformly from [0, 1)', () => {
    const random = seededRandom(3);
    const values = Float64Array.from({ length: 1e6 }, () => random.uniform());
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(mean(values, (u) => u)).toBeCloseTo(1 / 2, 2);
    expect(mean(values, (u) => u * u)).toBeCloseTo(1 / 3, 2);
  });

  it('forks streams that depend on their labels only', () => {
    const parent = seededRandom(7);
    const first = parent.fork('a').uniform();
    parent.uniform();
    expect(parent.fork('a').uniform()).toBe(first);
    const others = [
      parent.fork('b'),
      parent.fork(1),
      parent.fork('1'),
      parent.fork('a').fork('a'),
      seededRandom(8).fork('a'),
    ];
    expect(new Set([first, ...others.map((stream) => stream.uniform())]).size).toBe(6);
  });
});

describe('fillGaussian', () => {
  const values = gaussians(5, 4e6);

  it.each<[string, (x: number) => number, number, number]>([
    ['mean', (x) => x, 0, 1],
    ['variance', (x) => x * x, 1, Math.sqrt(2)],
    ['third moment', (x) => x ** 3, 0, Math.sqrt(15)],
    ['fourth moment', (x) => x ** 4, 3, Math.sqrt(96)],
    ['mass within 1', (x) => Number(Math.abs(x) < 1), 0.6826895, 0.4654],
    ['mass below -1.5', (x) => Number(x < -1.5), 0.0668072, 0.2497],
    ['mass beyond 3', (x) => Number(Math.abs(x) > 3), 0.0026998, 0.0519],
    ['mass in the tail of the ziggurat', (x) => Number(Math.abs(x) > 3.442619855899), 0.00057607, 0.024],
  ])('has the %s of a normal within 4 standard errors', (_, f, expected, deviation) => {
    expect(Math.abs(mean(values, f) - expected)).toBeLessThan((4 * deviation) / Math.sqrt(values.length));
  });

  it('has no correlation between neighbours', () => {
    const products = values.map((value, i) => value * (values[i + 1] ?? 0));
    expect(Math.abs(mean(products, (x) => x))).toBeLessThan(4 / Math.sqrt(values.length));
  });

  it('scales by sigma, and draws what gaussian draws', () => {
    const random = seededRandom(9);
    expect([...gaussians(9, 3, 2.5)]).toEqual([random, random, random].map((source) => 2.5 * source.gaussian()));
  });
});
