/** Encoded plaintexts: which encodings a program needs, which are kept, and that all ways give the same limbs. */
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { Constant } from '../../../../../../ir/constant.ts';
import { HeBuilder } from '../../../../../../ir/he/module.ts';
import { PlaintextBuilder } from '../../../../../../ir/he/plaintexts.ts';
import { seededRandom } from '../../../../../../ir/random.ts';
import { fillEmbeddingTables } from '../../../../../../runtime/rns/memory/embedding-tables.ts';
import { encodersBytes, openEncoders } from '../../../../../../runtime/rns/encoder.ts';
import { limbAt, valueBytes } from '../../../../../../runtime/rns/memory/layout.ts';
import { encodingBytes, planPlaintexts } from '../../../../../../runtime/engines/simd/program/plaintext-plan.ts';
import { PlaintextStore } from '../../../../../../runtime/engines/simd/program/plaintext-store.ts';
import { alone, type Team } from '../../../../../../runtime/rns/team.ts';
import { limbView, openSimd, readLimb } from '../../../../../support/simd.ts';
import { deepParameters, smallParameters } from '../../seal-wasm/programs.ts';

interface Use {
  readonly plaintext: number;
  readonly level: number;
  readonly scale: number;
  readonly op: 'multiply-plain' | 'add-plain';
}

/** A program of an input and these uses; the row of use k is k + 1. */
function columnsOf(uses: readonly Use[]) {
  const builder = new HeBuilder();
  const x = builder.add('input');
  for (const { plaintext, level, scale, op } of uses) builder.add(op, { a: x, b: plaintext, level, plainScale: scale });
  return builder.build();
}

describe('the plan', () => {
  const n = smallParameters.polyModulusDegree;
  const use = (plaintext: number, level: number, rest: Partial<Use> = {}): Use => ({
    plaintext,
    level,
    scale: 2 ** 30,
    op: 'multiply-plain',
    ...rest,
  });

  test('one encoding serves all levels; other scales and summands are others', () => {
    const uses = [
      use(7, 1),
      use(7, 3),
      use(7, 0),
      use(7, 1, { scale: 2 ** 31 }),
      use(7, 1, { op: 'add-plain' }),
      use(8, 1),
    ];
    const { encodings, ofRow, bytes } = planPlaintexts(columnsOf(uses), smallParameters, 2 ** 30, (row) => row === 3);
    expect([...ofRow]).toEqual([-1, 0, 0, 0, 1, 2, 3]);
    expect(encodings).toEqual([
      { plaintext: 7, level: 3, scale: 2 ** 30, factor: true, extended: true, offset: 0 },
      { plaintext: 7, level: 1, scale: 2 ** 31, factor: true, extended: false, offset: valueBytes(n, 4, 1) },
      {
        plaintext: 7,
        level: 1,
        scale: 2 ** 30,
        factor: false,
        extended: false,
        offset: valueBytes(n, 4, 1) + valueBytes(n, 1, 1),
      },
      {
        plaintext: 8,
        level: 1,
        scale: 2 ** 30,
        factor: true,
        extended: false,
        offset: valueBytes(n, 4, 1) + 2 * valueBytes(n, 1, 1),
      },
    ]);
    expect(bytes).toBe(valueBytes(n, 4, 1) + 3 * valueBytes(n, 1, 1));
  });

  test('what is used most is kept first, and of equal ones what is used first', () => {
    const uses = [use(0, 1), use(1, 1), use(2, 1), use(1, 1), use(3, 1)];
    const kept = (places: number): number[] =>
      planPlaintexts(columnsOf(uses), smallParameters, places * valueBytes(n, 1, 1) + 1)
        .encodings.filter(({ offset }) => offset !== undefined)
        .map(({ plaintext }) => plaintext);
    expect(kept(0)).toEqual([]);
    expect(kept(1)).toEqual([1]);
    expect(kept(2)).toEqual([0, 1]);
    expect(kept(3)).toEqual([0, 1, 2]);
    expect(kept(4)).toEqual([0, 1, 2, 3]);
  });

  const usesArbitrary = fc.array(
    fc.record({
      plaintext: fc.nat(9),
      level: fc.nat(3),
      scale: fc.constantFrom(2 ** 20, 2 ** 30),
      op: fc.constantFrom('multiply-plain' as const, 'add-plain' as const),
      isExtended: fc.boolean(),
    }),
    { maxLength: 40 },
  );

  test('every row has its encoding, kept ones lie apart and within the budget, which is used', () => {
    fc.assert(
      fc.property(usesArbitrary, fc.nat(60 * valueBytes(n, 0, 1)), (uses, budget) => {
        const isExtended = (row: number): boolean => uses[row - 1]?.isExtended ?? false;
        const { encodings, ofRow, bytes } = planPlaintexts(columnsOf(uses), deepParameters, budget, isExtended);
        uses.forEach(({ plaintext, level, scale, op, isExtended: extended }, k) => {
          const encoding = encodings[ofRow[k + 1] ?? -1];
          expect(encoding).toMatchObject({ plaintext, scale, factor: op === 'multiply-plain' });
          expect(encoding?.level).toBeGreaterThanOrEqual(level);
          if (extended) expect(encoding?.extended).toBe(true);
        });
        let end = 0;
        for (const encoding of encodings) {
          if (encoding.offset === undefined) {
            expect(encodingBytes(deepParameters, encoding)).toBeGreaterThan(budget - bytes);
            continue;
          }
          expect(encoding.offset).toBe(end);
          end += encodingBytes(deepParameters, encoding);
        }
        expect(bytes).toBe(end);
        expect(bytes).toBeLessThanOrEqual(budget);
      }),
    );
  });
});

describe('the store', () => {
  const { polyModulusDegree: n, primes } = deepParameters;
  const members = 2;
  const slots = n / 2;
  const random = seededRandom(6);
  const pool = new PlaintextBuilder();
  for (const tile of [0, 1, 2]) pool.add({ source: 0, tile, shift: 5 * tile, inner: 1 + tile });
  const values = Float64Array.from({ length: 3 * 64 }, () => 2 * random.uniform() - 1);
  const program = { plaintexts: pool.build(), packed: [new Constant([3, 64], values)] };
  const scale = 2 ** 30;
  const uses: Use[] = [
    { plaintext: 0, level: 1, scale, op: 'multiply-plain' },
    { plaintext: 1, level: 2, scale, op: 'multiply-plain' },
    { plaintext: 2, level: 3, scale, op: 'add-plain' },
    { plaintext: 0, level: 3, scale, op: 'multiply-plain' },
  ];
  const isExtended = (row: number): boolean => row === 2;
  const full = planPlaintexts(columnsOf(uses), deepParameters, Infinity, isExtended);

  let simd: Awaited<ReturnType<typeof openSimd>>;
  let address: number;
  let scratch: number;
  beforeAll(async () => {
    const bytes = encodersBytes(n, members) + full.bytes + valueBytes(n, primes.length, 1);
    simd = await openSimd(deepParameters, bytes);
    fillEmbeddingTables(simd.memory.buffer, simd.heap, n);
    address = simd.heap + encodersBytes(n, members);
    scratch = address + full.bytes;
  });

  function storeOf(team: Team, plan = full): PlaintextStore {
    return new PlaintextStore(plan, program, address, openEncoders(simd.context, simd.heap, team));
  }

  /** Members that run one after another: each has work space of its own, and the first one embeds for all. */
  const team: readonly Team[] = [0, 1].map((index) => ({ index, size: members, barrier: () => undefined }));

  function limbs(value: { readonly address: number }, count: number): Float64Array[] {
    return Array.from({ length: count }, (_, k) =>
      readLimb(simd.memory, limbAt({ address: value.address, level: 0, size: 1 }, n, 0, k), n),
    );
  }

  /** By encoding: what encoding alone gives at a level. */
  function expected(index: number, level: number, extended = false): Float64Array[] {
    const target = { address: scratch, level };
    storeOf(alone).encodeAlone(index, target, extended);
    return limbs(target, extended ? level + 2 : level + 1);
  }

  test('members fill what is kept; lower levels and the special prime’s limb are parts of it', () => {
    limbView(simd.memory, address, full.bytes / 8).fill(NaN);
    for (const member of team) storeOf(member).fill(member);
    const [member = alone] = team;
    const store = storeOf(member);
    for (const [row, { level }] of uses.entries()) {
      const index = full.ofRow[row + 1] ?? -1;
      expect(store.isKept(index)).toBe(true);
      expect(limbs(store.at(index), level + 1)).toEqual(expected(index, level));
    }
    expect(limbs(store.extendedAt(1), 4)).toEqual(expected(1, 2, true));
    expect(() => store.extendedAt(0)).toThrow(/not extended/);
  });

  test('a plaintext in memory has the slots of its expression', () => {
    const { own } = openEncoders(simd.context, simd.heap, alone);
    const constant = program.packed[0]?.values ?? new Float64Array();
    const write = (target: Float64Array): void => {
      for (let s = 0; s < slots; s++) target[s] = constant[64 + (Math.floor(((s + 5) % slots) / 2) % 64)] ?? NaN;
    };
    own.encode(alone, write, { scale, factor: true, extended: false }, { address: scratch, level: 2 });
    const byHand = limbs({ address: scratch }, 3);
    expect(expected(1, 2)).toEqual(byHand);
  });

  test('what is not kept is encoded at each use, by one or by all', () => {
    const none = planPlaintexts(columnsOf(uses), deepParameters, 0, isExtended);
    for (const index of none.encodings.keys()) {
      const wanted = expected(index, 1, true);
      limbView(simd.memory, scratch, n).fill(NaN);
      for (const member of team)
        storeOf(member, none).encodeTogether(member, index, { address: scratch, level: 1 }, true);
      expect(limbs({ address: scratch }, 3)).toEqual(wanted);
      expect(storeOf(alone, none).isKept(index)).toBe(false);
      expect(() => storeOf(alone, none).at(index)).toThrow(/not kept/);
    }
    expect(() => storeOf(alone).at(full.encodings.length)).toThrow(/no encoding/);
  });
});
