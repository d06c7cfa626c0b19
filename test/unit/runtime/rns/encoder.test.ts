/** Encoding: the kernels against the definition, whole plaintexts against SEAL's encoder. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parametersSchema } from '../../../../ir/ckks/parameters-schema.ts';
import { type Parameters, topLevel } from '../../../../ir/parameters.ts';
import { seededRandom } from '../../../../ir/random.ts';
import { embeddingTableBytes, fillEmbeddingTables } from '../../../../runtime/rns/memory/embedding-tables.ts';
import { type EncodingForm, encodersBytes, openEncoders } from '../../../../runtime/rns/encoder.ts';
import type { Kernels } from '../../../../runtime/rns/kernels/kernels.ts';
import { limbAt, limbStride, type Value, valueBytes } from '../../../../runtime/rns/memory/layout.ts';
import { compileKernels, createMemory, instantiate, pageBytes } from '../../../../runtime/rns/kernels/module.ts';
import { alone, type Team } from '../../../../runtime/rns/team.ts';
import { SealContext } from '../../../../runtime/seal/library/context.ts';
import { liveHandles, withHandles } from '../../../../runtime/seal/library/handles.ts';
import { LevelEncoder } from '../../../../runtime/seal/library/level-encoder.ts';
import { instantiateSeal, type Seal } from '../../../../runtime/seal/library/module.ts';
import { saveUncompressed } from '../../../../runtime/seal/library/save.ts';
import { plaintextFields } from '../../../../runtime/seal/bytes/saved-format.ts';
import { balanced, canonical, limbView, openPrimes, openSimd, primesFor, readLimb } from '../../../support/simd.ts';
import { isNightly } from '../../../support/setup/suite.ts';
import { deepParameters, smallParameters } from '../engines/seal-wasm/programs.ts';

describe('the embedding', () => {
  const largestN = 65536;
  let kernels: Kernels;
  let memory: WebAssembly.Memory;
  const places = { slots: pageBytes, work: 0, coefficients: 0, tables: 0 };

  beforeAll(async () => {
    places.work = places.slots + 4 * largestN;
    places.coefficients = places.work + 8 * largestN;
    places.tables = places.coefficients + 8 * largestN;
    memory = createMemory(places.tables + embeddingTableBytes(largestN));
    kernels = instantiate(await compileKernels(), memory);
  });

  function embed(slots: ArrayLike<number>, scale: number): { coefficients: Float64Array; largest: number } {
    const n = 2 * slots.length;
    fillEmbeddingTables(memory.buffer, places.tables, n);
    limbView(memory, places.slots, slots.length).set(slots);
    const largest = kernels.embed(places.slots, scale, places.tables, places.work, places.coefficients, n);
    return { coefficients: readLimb(memory, places.coefficients, n), largest };
  }

  /** By the definition: the real part at exp(πi·3^slot / n), and the imaginary part. */
  function valueAt(coefficients: Float64Array, slot: number): { real: number; imaginary: number } {
    const n = coefficients.length;
    let exponent = 1;
    for (let j = 0; j < slot; j++) exponent = (3 * exponent) % (2 * n);
    let [real, imaginary] = [0, 0];
    coefficients.forEach((a, k) => {
      const angle = (Math.PI * ((exponent * k) % (2 * n))) / n;
      real += a * Math.cos(angle);
      imaginary += a * Math.sin(angle);
    });
    return { real, imaginary };
  }

  /**
   * What a slot may be off: each coefficient is rounded by 1/2 at most, so that n of them make n/2; and doubles round in
   * each of log2 n stages, at magnitudes that the root mean square of the slots bounds, and in the sum of n terms here.
   */
  function tolerance(slots: ArrayLike<number>, scale: number): number {
    const n = 2 * slots.length;
    const sumOfSquares = Array.from(slots).reduce((sum, x) => sum + x * x, 0);
    return n / 2 / scale + 2 ** -50 * n * Math.sqrt(sumOfSquares);
  }

  const value = fc.oneof(
    fc.double({ min: -1, max: 1, noNaN: true }),
    fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    fc.constantFrom(0, -0, 1, -1, 1e-300),
  );
  const slotsArbitrary = fc
    .integer({ min: 3, max: 7 })
    .chain((bits) => fc.array(value, { minLength: 2 ** bits, maxLength: 2 ** bits }));

  test('the polynomial has the slots as its values, and is real', () => {
    fc.assert(
      fc.property(slotsArbitrary, fc.integer({ min: 0, max: 60 }), (slots, scaleBits) => {
        const scale = 2 ** scaleBits;
        const { coefficients, largest } = embed(slots, scale);
        const bound = tolerance(slots, scale);
        expect(coefficients.every((x) => Number.isInteger(x))).toBe(true);
        expect(largest).toBe(coefficients.reduce((most, x) => Math.max(most, Math.abs(x)), 0));
        slots.forEach((slot, j) => {
          const { real, imaginary } = valueAt(coefficients, j);
          expect(Math.abs(real / scale - slot)).toBeLessThanOrEqual(bound);
          expect(Math.abs(imaginary / scale)).toBeLessThanOrEqual(bound);
        });
      }),
    );
  });

  test.each([4096, 8192, 16384, 32768, 65536])('at degree %d', (n) => {
    const random = seededRandom(n);
    const slots = Float64Array.from({ length: n / 2 }, () => 2 * random.uniform() - 1);
    const scale = 2 ** 45;
    const { coefficients } = embed(slots, scale);
    for (const slot of [0, 1, 2, n / 4, n / 2 - 1, random.integer(0, n / 2 - 1)]) {
      const { real, imaginary } = valueAt(coefficients, slot);
      expect(Math.abs(real / scale - (slots[slot] ?? NaN))).toBeLessThanOrEqual(tolerance(slots, scale));
      expect(Math.abs(imaginary / scale)).toBeLessThanOrEqual(tolerance(slots, scale));
    }
  });

  test('a constant has one coefficient, whatever the degree', () => {
    for (let n = 16; n <= largestN; n *= 2) {
      const { coefficients, largest } = embed(new Float64Array(n / 2).fill(-0.75), 2 ** 40);
      expect(largest).toBe(0.75 * 2 ** 40);
      expect(coefficients[0]).toBe(-0.75 * 2 ** 40);
      expect(coefficients.findIndex((x, k) => k > 0 && x !== 0)).toBe(-1);
    }
  });

  test('what is not a number shows in the largest coefficient', () => {
    const slots = new Float64Array(64);
    for (const bad of [NaN, Infinity, -Infinity]) {
      slots[17] = bad;
      expect(embed(slots, 2 ** 30).largest).toBeNaN();
    }
  });
});

describe('reduction', () => {
  const n = 16;
  const primes = [...primesFor(n, 20, 2), ...primesFor(n, 31, 1), ...primesFor(n, 48, 2)];
  /** Any double that is an integer of up to 160 bits. */
  const integer = fc
    .tuple(fc.maxSafeInteger(), fc.integer({ min: -53, max: 107 }))
    .map(([mantissa, exponent]) => Math.round(mantissa * 2 ** exponent));

  test('gives balanced residues in the rounds that it takes', async () => {
    const { kernels, memory, records, heap } = await openPrimes(n, primes, 16 * n);
    const source = heap;
    const target = heap + 8 * n;
    fc.assert(
      fc.property(
        fc.array(integer, { minLength: n, maxLength: n }),
        fc.nat(primes.length - 1),
        fc.nat(2),
        (values, k, extra) => {
          const q = primes[k] ?? 0;
          const bits = Math.log2(Math.max(1, ...values.map((x) => Math.abs(x))));
          const rounds = 1 + Math.max(0, Math.ceil((bits - 50) / 51)) + extra;
          limbView(memory, source, n).set(values);
          kernels.reduce(source, target, records[k] ?? 0, rounds);
          readLimb(memory, target, n).forEach((x, i) => {
            expect(Math.abs(x)).toBeLessThanOrEqual((q + 1) / 2);
            expect(canonical(BigInt(x), q)).toBe(canonical(BigInt(values[i] ?? 0), q));
          });
        },
      ),
      { numRuns: 300 },
    );
  });
});

/** Six levels. */
const largeParameters: Parameters = parametersSchema.parse({
  polyModulusDegree: 16384,
  primes: [...primesFor(16384, 48, 2).slice(1), ...primesFor(16384, 40, 5)],
  specialPrimes: primesFor(16384, 48, 1),
});

let seal: Seal;
beforeAll(async () => {
  seal = await instantiateSeal();
});

describe.each([
  ['two primes', smallParameters] as const,
  ['four primes', deepParameters] as const,
  ...(isNightly ? [['six primes', largeParameters] as const] : []),
])('%s', (_, parameters) => {
  const { polyModulusDegree: n, primes } = parameters;
  const top = topLevel(parameters);
  const members = 3;
  let context: SealContext;
  let simd: Awaited<ReturnType<typeof openSimd>>;
  /** Of every prime and the special one; and where the next may go. */
  let place: number;
  let scratch: number;

  beforeAll(async () => {
    context = new SealContext(seal, parameters);
    const bytes = encodersBytes(n, members) + 2 * valueBytes(n, top + 1, 1) + limbStride(n);
    simd = await openSimd(parameters, bytes);
    fillEmbeddingTables(simd.memory.buffer, simd.heap, n);
    place = simd.heap + encodersBytes(n, members);
    scratch = place + 2 * valueBytes(n, top + 1, 1);
  });
  afterAll(() => {
    context.close();
    expect(liveHandles()).toBe(0);
  });

  function encode(slots: Float64Array, level: number, form: Partial<EncodingForm>, team: Team = alone): Value {
    const target: Value = { address: place, level, size: 1 };
    const { common } = openEncoders(simd.context, simd.heap, team);
    const write = (to: Float64Array): void => {
      to.set(slots);
    };
    common.encode(team, write, { scale: 2 ** 30, factor: false, extended: false, ...form }, target);
    return target;
  }

  /** Coefficients of a limb modulo prime k, the special one for top + 1. */
  function coefficientsOf(limb: Float64Array, k: number): Float64Array {
    limbView(simd.memory, scratch, n).set(limb);
    simd.kernels.inverse(scratch, simd.context.primes[k] ?? 0);
    return readLimb(simd.memory, scratch, n);
  }

  function limbOf(value: Value, k: number): Float64Array {
    return readLimb(simd.memory, limbAt(value, n, 0, k), n);
  }

  /** SEAL's plaintext, limb by limb, and its saved bytes. */
  function sealEncoding(
    slots: Float64Array,
    level: number,
    scale: number,
  ): { limbs: Float64Array[]; bytes: Uint8Array } {
    return withHandles((handles) => {
      const plaintext = handles.own(new seal.Plaintext());
      new LevelEncoder(context, new Map()).encode(slots, level, scale, plaintext);
      const bytes = saveUncompressed(seal, plaintext);
      const limbs = primes.slice(0, level + 1).map((q, k) => {
        const residues = new BigUint64Array(bytes.slice(plaintextFields.residues + 8 * n * k).buffer, 0, n);
        return Float64Array.from(residues, (x) => balanced(x, q));
      });
      return { limbs, bytes };
    });
  }

  /** What SEAL decodes of a plaintext of ours. */
  function decode(value: Value, scale: number): Float64Array {
    const { bytes } = sealEncoding(new Float64Array(n / 2), value.level, scale);
    const saved = bytes.slice();
    primes.slice(0, value.level + 1).forEach((q, k) => {
      const limb = limbView(simd.memory, limbAt(value, n, 0, k), n);
      const residues = BigUint64Array.from(limb, (x) => BigInt(canonical(BigInt(x), q)));
      saved.set(new Uint8Array(residues.buffer), plaintextFields.residues + 8 * n * k);
    });
    return withHandles((handles) => {
      const plaintext = handles.own(new seal.Plaintext());
      plaintext.loadFromArray(context.context, saved);
      return context.encoder.decodeFloat64(plaintext) as Float64Array;
    });
  }

  /** Of slots within ±1: n roundings of 1/2 in SEAL's sum, and the rounding of its doubles and ours. */
  const slotBound = (scale: number): number => n / 2 / scale + n * 2 ** -50;

  /** Differences of coefficients from SEAL's, modulo each prime of the level. */
  function differences(slots: Float64Array, level: number, scale: number): Float64Array[] {
    const value = encode(slots, level, { scale });
    return sealEncoding(slots, level, scale).limbs.map((limb, k) => {
      const q = primes[k] ?? 0;
      const theirs = coefficientsOf(limb, k);
      return coefficientsOf(limbOf(value, k), k).map((x, i) => balanced(BigInt(x - (theirs[i] ?? NaN)), q));
    });
  }

  function uniform(seed: number): Float64Array {
    const random = seededRandom(seed);
    return Float64Array.from({ length: n / 2 }, () => 2 * random.uniform() - 1);
  }
  const single = (slot: number): Float64Array => new Float64Array(n / 2).fill(1, slot, slot + 1);

  const kinds = {
    'random slots': uniform(1),
    'a constant': new Float64Array(n / 2).fill(0.625),
    'the first slot': single(0),
    'a slot in the middle': single(n / 4 + 3),
    'the last slot': single(n / 2 - 1),
    'a sample in eight': Float64Array.from({ length: n / 2 }, (_, s) => (s % 8 === 3 ? Math.cos(s) : 0)),
    'tiny values that round to zero': new Float64Array(n / 2).fill(1e-14),
    zeros: new Float64Array(n / 2),
  };
  const scales = [2 ** 20, 2 ** 30, 1073692673];
  /** At night all kinds at all scales, otherwise one scale each in turn. */
  const cases = Object.entries(kinds).flatMap(([kind, slots], k) =>
    scales.filter((_, i) => isNightly || i === k % scales.length).map((scale) => ({ kind, slots, scale })),
  );

  test.each(cases)(
    '$kind at scale $scale: SEAL’s coefficients, and the slots by SEAL’s decoder',
    ({ slots, scale }) => {
      for (const level of [0, top]) {
        for (const limb of differences(slots, level, scale)) {
          expect(limb.reduce((most, x) => Math.max(most, Math.abs(x)), 0)).toBeLessThanOrEqual(1);
          expect(limb.filter((x) => x !== 0).length).toBeLessThanOrEqual(n / 1000);
        }
        const decoded = decode(encode(slots, level, { scale }), scale);
        const errors = decoded.map((x, s) => Math.abs(x - (slots[s] ?? NaN)));
        expect(errors.reduce((most, x) => Math.max(most, x), 0)).toBeLessThanOrEqual(slotBound(scale));
      }
    },
  );

  test('coefficients beyond 53 bits: SEAL’s up to the rounding of doubles', () => {
    // Roundings of at most 2^−53 in each of log2 n stages, of both; the coefficients are below the scale.
    for (const bits of [56, top > 2 ? 80 : 60]) {
      for (const limb of differences(uniform(2), top, 2 ** bits)) {
        const most = limb.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0);
        expect(most).toBeLessThanOrEqual(2 ** (bits - 52) * Math.log2(n));
      }
    }
  });

  test('at a scale near the modulus SEAL decodes the slots', () => {
    const slots = uniform(5);
    const scale = 2 ** (Math.floor(primes.reduce((bits, q) => bits + Math.log2(q), 0)) - 4);
    const errors = decode(encode(slots, top, { scale }), scale).map((x, s) => Math.abs(x - (slots[s] ?? NaN)));
    expect(errors.reduce((most, x) => Math.max(most, x), 0)).toBeLessThanOrEqual(n * 2 ** -50);
  });

  test('the special prime’s limb is of the same polynomial', () => {
    const value = encode(uniform(3), top - 1, { extended: true });
    const special = limbOf({ ...value, level: top }, top);
    expect(coefficientsOf(special, top + 1)).toEqual(coefficientsOf(limbOf(value, 0), 0));
  });

  test('a team encodes what one alone does', () => {
    const slots = uniform(4);
    const bytesOf = (): Uint8Array =>
      new Uint8Array(simd.memory.buffer, place, valueBytes(n, top + 1, 1) - limbStride(n) + 8 * n).slice();
    encode(slots, top, { extended: true });
    const expected = bytesOf();
    new Uint8Array(simd.memory.buffer, place, expected.length).fill(0);
    // The first member embeds before the others read, so that they can run one after another.
    for (let index = 0; index < members; index++)
      encode(slots, top, { extended: true }, { index, size: members, barrier: () => undefined });
    expect(Buffer.compare(bytesOf(), expected)).toBe(0);
  });

  test('a factor that rounds to zero becomes one unit in the last place, a summand does not', () => {
    for (const slots of [
      new Float64Array(n / 2),
      new Float64Array(n / 2).fill(1e-14),
      single(5).map((x) => x * 1e-12),
    ]) {
      const factor = encode(slots, top, { factor: true });
      for (let k = 0; k <= top; k++) expect(limbOf(factor, k).every((x) => x === 1)).toBe(true);
      const summand = encode(slots, top, { factor: false });
      for (let k = 0; k <= top; k++) expect(limbOf(summand, k).every((x) => x === 0)).toBe(true);
    }
    // One coefficient that does not round to zero is left as it is.
    const factor = encode(new Float64Array(n / 2).fill(-(2 ** -30)), top, { factor: true });
    expect(limbOf(factor, 0).every((x) => x === -1)).toBe(true);
  });

  test('coefficients that do not fit are refused by every member', () => {
    const [q = 0] = primes;
    const constant = new Float64Array(n / 2).fill((q - 1) / 2);
    expect(limbOf(encode(constant, 0, { scale: 1 }), 0).every((x) => x === (q - 1) / 2)).toBe(true);
    const beyond = constant.map((x) => x + 1);
    for (const slots of [beyond, single(0).fill(NaN), single(0).fill(Infinity)])
      for (let index = 0; index < 2; index++)
        expect(() => encode(slots, 0, { scale: 1 }, { index, size: 2, barrier: () => undefined })).toThrow(
          /coefficient .* level 0 takes less than/,
        );
    expect(() => encode(beyond, 1, { scale: 1 })).not.toThrow();
  });

  test('any slots at any level and scale', () => {
    const slots = fc.oneof(
      fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 64 }),
      fc.array(fc.constantFrom(-1, 0, 1), { minLength: 1, maxLength: 8 }),
    );
    fc.assert(
      fc.property(slots, fc.nat(top), fc.integer({ min: 10, max: 34 }), (row, level, bits) => {
        const all = Float64Array.from({ length: n / 2 }, (_, s) => row[s % row.length] ?? 0);
        for (const limb of differences(all, level, 2 ** bits)) {
          expect(limb.reduce((most, x) => Math.max(most, Math.abs(x)), 0)).toBeLessThanOrEqual(1);
          expect(limb.filter((x) => x !== 0).length).toBeLessThanOrEqual(n / 100);
        }
      }),
      { numRuns: 15 },
    );
  });
});
