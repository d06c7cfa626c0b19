/** The check that kernels compute what they should: it passes for good ones, and finds what is wrong with others. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { polyModulusDegrees } from '../../../../../ir/parameters.ts';
import { contextBytes, fillContext, openContext } from '../../../../../runtime/rns/memory/context.ts';
import { alone, type Team } from '../../../../../runtime/rns/team.ts';
import { primeRecord } from '../../../../../runtime/rns/kernels/kernels.ts';
import { instantiate } from '../../../../../runtime/rns/kernels/module.ts';
import { describeUnfitness, selfCheckBytes } from '../../../../../runtime/rns/memory/self-check.ts';
import { openSimd } from '../../../../support/simd.ts';
import { wrongKernels } from '../../../../support/wrong-kernels.ts';
import { parametersOf } from '../../engines/simd/arbitrary-parameters.ts';

describe.each(polyModulusDegrees)('n = %i', (n) => {
  test.each([
    { bits: [48, 48, 48], special: 48 },
    { bits: [25, 40, 30, 22], special: 44 },
    { bits: [36], special: 36 },
  ])('good kernels pass: $bits', async ({ bits, special }) => {
    const parameters = parametersOf(n, bits, special);
    const { context, heap } = await openSimd(parameters, selfCheckBytes(n));
    expect(describeUnfitness(context, heap)).toBe(undefined);
    // What was in the memory before makes no difference.
    new Float64Array(context.memory.buffer, heap, selfCheckBytes(n) / 8).fill(NaN);
    expect(describeUnfitness(context, heap)).toBe(undefined);
  });
});

describe('a root that is wrong', async () => {
  const n = 4096;
  const parameters = parametersOf(n, [48, 30, 40], 48);
  const primes = [...parameters.primes, ...parameters.specialPrimes];
  const { context, memory, heap } = await openSimd(parameters, selfCheckBytes(n));
  const view = new DataView(memory.buffer);

  /** What the check says while an entry of a table is off by `change`; the tables are whole again afterwards. */
  function unfitnessWith(
    prime: number,
    table: 'forwardTable' | 'inverseTable',
    entry: number,
    change: number,
    team: Team = alone,
  ) {
    const record = context.primes[prime] ?? 0;
    const start = Number(view.getBigUint64(record + primeRecord[table], true));
    // From n/2 on entries stand two by two: w, w', w/q, w'/q.
    const at = entry < n / 2 ? 16 * entry : 16 * (entry & ~1) + 8 * (entry & 1);
    const root = view.getFloat64(start + at, true);
    view.setFloat64(start + at, root + change, true);
    try {
      return describeUnfitness(context, heap, team);
    } finally {
      view.setFloat64(start + at, root, true);
    }
  }

  test('is found by the member that has filled the table, and by no other', () => {
    for (const size of [2, 3, 6])
      for (const prime of primes.keys()) {
        const finders = Array.from({ length: size }, (_, index) =>
          unfitnessWith(prime, 'forwardTable', 7, 1, { ...alone, index, size }),
        ).flatMap((found, index) => (found === undefined ? [] : [index]));
        expect(finders).toEqual([prime % size]);
      }
  });

  test('tables are the same whoever fills them', async () => {
    const { context: other, memory: filled } = await openSimd(parameters, selfCheckBytes(n));
    const [start = 0] = other.primes;
    const tables = new Uint8Array(filled.buffer, start, contextBytes(parameters));
    const expected = Buffer.from(tables);
    tables.fill(0);
    for (const index of [2, 0, 1]) fillContext(other, { ...alone, index, size: 3 });
    expect(Buffer.compare(tables, expected)).toBe(0);
  });

  test.each(['forwardTable', 'inverseTable'] as const)('in the %s is found, with its prime', (table) => {
    fc.assert(
      fc.property(
        fc.nat(3),
        fc.integer({ min: 1, max: n - 1 }),
        fc.constantFrom(1, -1, 1000),
        (prime, entry, change) => {
          expect(unfitnessWith(prime, table, entry, change)).toBe(
            `the transform modulo ${primes[prime] ?? 0} is not exact on this machine`,
          );
        },
      ),
      { numRuns: 60 },
    );
    expect(describeUnfitness(context, heap)).toBe(undefined);
  });

  test.each([1, 2, 3, n / 4, n / 2 - 1, n / 2, n / 2 + 1, n - 1])('at the edges of a table is found: %i', (entry) => {
    for (const table of ['forwardTable', 'inverseTable'] as const)
      expect(unfitnessWith(0, table, entry, 1)).toMatch(/the transform modulo/);
  });
});

test.each(['madd', 'nmadd'] as const)('kernels whose %s is another operation are not fused', async (replaced) => {
  const parameters = parametersOf(4096, [40], 44);
  const { context, memory, heap } = await openSimd(parameters, selfCheckBytes(4096));
  const [address = 0] = context.primes;
  const wrong = openContext(instantiate(await wrongKernels(replaced), memory), memory, parameters, address);
  expect(describeUnfitness(wrong, heap)).toBe('multiply-adds are not fused on this machine');
  expect(describeUnfitness(context, heap)).toBe(undefined);
});
