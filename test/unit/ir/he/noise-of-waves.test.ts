/** The error of encoding few values that are evenly far apart, by the kernels and as the noise model has it. */
import { beforeAll, describe, expect, test } from 'vitest';
import { waveDeviation } from '../../../../ir/interpret/noise.ts';
import { seededRandom } from '../../../../ir/random.ts';
import { SlotDecoder } from '../../../../runtime/cipher/slot-decoder.ts';
import type { Kernels } from '../../../../runtime/rns/kernels/kernels.ts';
import { compileKernels, createMemory, instantiate, pageBytes } from '../../../../runtime/rns/kernels/module.ts';
import { embeddingTableBytes, fillEmbeddingTables } from '../../../../runtime/rns/memory/embedding-tables.ts';
import { limbView } from '../../../support/simd.ts';

const n = 32768;
const slots = n / 2;
const vectors = 12;
const places = {
  slots: pageBytes,
  work: pageBytes + 4 * n,
  coefficients: pageBytes + 12 * n,
  tables: pageBytes + 20 * n,
};
const memory = createMemory(places.tables + embeddingTableBytes(n));
const decoder = new SlotDecoder(n);
let kernels: Kernels;

beforeAll(async () => {
  kernels = instantiate(await compileKernels(), memory);
  fillEmbeddingTables(memory.buffer, places.tables, n);
});

function decoded(values: Float64Array, scale: number): Float64Array {
  limbView(memory, places.slots, slots).set(values);
  kernels.embed(places.slots, scale, places.tables, places.work, places.coefficients, n);
  return decoder.decode(limbView(memory, places.coefficients, n).map((x) => Math.round(x))).map((x) => x / scale);
}

/** Variances at the slots that are not zero, and at all others, for random values at `at`. */
function measure(at: (k: number) => number, count: number, scale: number) {
  const random = seededRandom(count);
  let [held, others, waves] = [0, 0, 0];
  for (let v = 0; v < vectors; v++) {
    const values = new Float64Array(slots);
    for (let k = 0; k < count; k++) values[at(k)] = 0.3 * (2 * random.uniform() - 1);
    decoded(values, scale).forEach((x, s) => {
      const error = (x - (values[s] ?? 0)) ** 2;
      if (values[s] === 0) others += error / (slots - count);
      else held += error / count;
    });
    waves += waveDeviation(values, scale) ** 2;
  }
  return { held: held / vectors, others: others / vectors, waves: waves / vectors };
}

/** A rounding of 1/12 for each coefficient. */
const plainVariance = (scale: number): number => n / 12 / scale ** 2;

describe.each([
  { count: 4, bits: 16 },
  { count: 8, bits: 18 },
  { count: 16, bits: 16 },
  { count: 64, bits: 16 },
])('$count values at a scale of 2^$bits', ({ count, bits }) => {
  test('have the error of waves beside that of rounding', () => {
    const { held, others, waves } = measure((k) => (slots / count) * k, count, 2 ** bits);
    expect(held).toBeLessThan(1.5 * (plainVariance(2 ** bits) + waves));
    expect(held).toBeGreaterThan((plainVariance(2 ** bits) + waves) / 8);
    expect(others).toBeLessThan(1.2 * plainVariance(2 ** bits));
  });
});

test('of the fewest values it is most of the error', () => {
  const { held, waves } = measure((k) => (slots / 8) * k, 8, 2 ** 17);
  expect(held).toBeGreaterThan(10 * plainVariance(2 ** 17));
  expect(waves).toBeGreaterThan(10 * plainVariance(2 ** 17));
});

test('it is never more than the values, and nothing where all slots are large', () => {
  expect(waveDeviation(Float64Array.of(0.5, 0, 0, 0), 1e-3)).toBe(0.5);
  expect(waveDeviation(new Float64Array(8), 1)).toBe(0);
  const dense = new Float64Array(slots).fill(0.3);
  expect(waveDeviation(dense, 2 ** 24) ** 2).toBeLessThan(plainVariance(2 ** 24) / 1000);
});
