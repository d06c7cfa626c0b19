import { describe, expect, test } from 'vitest';
import { HeBuilder } from '../../../ir/he/module.ts';
import { HE } from '../../../ir/he/ops.ts';
import { costedOps, type CostTable, defaultCostTable, type DegreeCosts, opCost } from '../../../costs/op-costs.ts';
import {
  type CostedProgram,
  downloadBytes,
  encodingCost,
  evaluationCost,
  evaluationRowCosts,
  programCost,
  rowCosts,
  uploadBytes,
} from '../../../costs/program-cost.ts';
import { collectEncodings } from '../../../costs/encodings.ts';
import { neededBytes } from '../../../costs/engine-memory.ts';
import { engineProfiles } from '../../../costs/profiles.ts';
import { sealMemory } from '../../../costs/seal-memory.ts';
import { simdMemory } from '../../../costs/simd-memory.ts';
import { type Parameters, polyModulusDegrees } from '../../../ir/parameters.ts';
import { savedCiphertextBytes, savedSeededBytes } from '../../../runtime/seal/bytes/saved-format.ts';

const parameters: Parameters = { polyModulusDegree: 8192, primes: [1, 2, 3], specialPrimes: [4] };

/** Op number k costs 10^k milliseconds a prime, at degree 8192 only; nothing is shared. */
const powers: CostTable = {
  ...defaultCostTable,
  8192: {
    ...(Object.fromEntries(costedOps.map((op, k) => [op, { base: 0, perPrime: 10 ** k, perPair: 0 }])) as DegreeCosts),
    'rotate-hoisted': { base: 0, perPrime: 10 ** costedOps.indexOf('rotate'), perPair: 0 },
    'mod-down': { base: 0, perPrime: 0, perPair: 0 },
  },
};
/** Rotations of 100 ms, of which 40 are the decomposition and 30 the division, at any level; all else is free. */
const hoisting: CostTable = {
  ...defaultCostTable,
  8192: Object.fromEntries(
    costedOps.map((op) => {
      const costs: Partial<Record<typeof op, number>> = {
        rotate: 100,
        decompose: 40,
        'rotate-hoisted': 60,
        'mod-down': 30,
      };
      return [op, { base: costs[op] ?? 0, perPrime: 0, perPair: 0 }];
    }),
  ) as DegreeCosts,
};
const power = Object.fromEntries(costedOps.map((op, k) => [op, 10 ** k])) as Record<(typeof costedOps)[number], number>;

/** Two inputs of 3 primes; products, sum, square, and an output of 1 prime. */
function program(): CostedProgram {
  const builder = new HeBuilder();
  const x = builder.add('input', { level: 2 });
  const y = builder.add('input', { level: 2, imm: 1 });
  const rotated = builder.add('rotate', { a: x, imm: 1, level: 2 });
  const p = builder.add('multiply-plain', { a: rotated, b: 0, level: 2, plainScale: 8 });
  const q = builder.add('multiply-plain', { a: y, b: 1, level: 2, plainScale: 8 });
  const again = builder.add('multiply-plain', { a: y, b: 1, level: 2, plainScale: 8 });
  const sum = builder.add('add', { a: builder.add('add', { a: p, b: q, level: 2 }), b: again, level: 2 });
  const rescaled = builder.add('rescale', { a: sum, level: 1 });
  const square = builder.add('multiply', { a: rescaled, b: rescaled, level: 1, size: 3 });
  const linear = builder.add('relinearize', { a: square, level: 1 });
  const lower = builder.add('mod-switch', { a: linear, level: 0 });
  const biased = builder.add('add-plain', { a: lower, b: 1, level: 0, plainScale: 8 });
  builder.add('output', { a: biased, level: 0 });
  return { columns: builder.build(), parameters };
}

describe('programCost', () => {
  test('is the sum of its operations, each with the primes of its operand', () => {
    const expected =
      2 * 3 * power.input +
      3 * power.rotate +
      3 * 3 * power['multiply-plain'] +
      2 * 3 * power.add +
      3 * power.rescale +
      2 * power.multiply +
      2 * power.relinearize +
      2 * power['mod-switch'] +
      power['add-plain'] +
      power.output;
    expect(programCost(program(), powers)).toBeCloseTo(expected, 6);
  });

  test('rotations of one value share its decomposition', () => {
    const builder = new HeBuilder();
    const x = builder.add('input', { level: 2 });
    const rotated = [1, 2, 3].map((imm) => builder.add('rotate', { a: x, imm, level: 2 }));
    for (const [imm, a] of rotated.entries()) builder.add('output', { a, imm, level: 2 });
    expect(programCost({ columns: builder.build(), parameters }, hoisting)).toBe(40 + 3 * 60);
  });

  test('a sum of rotations has one division, a cheaper one before a rescale', () => {
    for (const rescaled of [false, true]) {
      const builder = new HeBuilder();
      const inputs = [0, 1, 2].map((imm) => builder.add('input', { imm, level: 2 }));
      const rotated = inputs.map((a) => builder.add('rotate', { a, imm: 1, level: 2 }));
      const sum = rotated.reduce((a, b) => builder.add('add', { a, b, level: 2 }));
      const result = rescaled ? builder.add('rescale', { a: sum, level: 1 }) : sum;
      builder.add('output', { a: result, level: rescaled ? 1 : 2 });
      const cost = programCost({ columns: builder.build(), parameters }, hoisting);
      expect(cost).toBeCloseTo(3 * 100 - 3 * 30 + (rescaled ? 12 : 30));
    }
  });

  test('two folds in a row cost less as one sum of three rotations', () => {
    const builder = new HeBuilder();
    const x = builder.add('input', { level: 2 });
    const rotated = [1, 2, 3].map((imm) => builder.add('rotate', { a: x, imm, level: 2 }));
    const sum = rotated.reduce((a, b) => builder.add('add', { a, b, level: 2 }), x);
    builder.add('output', { a: sum, level: 2 });
    expect(programCost({ columns: builder.build(), parameters }, hoisting)).toBe(40 + 3 * (60 - 30) + 30);
  });

  test('uses the costs of the degree', () => {
    const { columns } = program();
    const cost = (polyModulusDegree: 8192 | 16384): number =>
      programCost({ columns, parameters: { ...parameters, polyModulusDegree } });
    expect(cost(16384)).toBeGreaterThan(1.5 * cost(8192));
  });

  test('is unknown before levels are assigned', () => {
    expect(() => programCost({ columns: program().columns })).toThrow('levels are assigned');
  });
});

const apart = { costs: powers, memory: sealMemory };

describe('encodings', () => {
  test('are counted once for each plaintext, level and scale', () => {
    // Plaintexts 0 and 1 with 3 primes, 1 with one prime: all encoded with 3.
    expect(encodingCost(program(), apart)).toBeCloseTo(3 * 3 * power.encode, 0);
    expect(sealMemory.use({ ...program(), parameters }).plaintexts).toBe((3 + 3 + 1) * 8192 * 8);
  });

  test('of an engine whose encodings share levels, at the price of their level', () => {
    expect(encodingCost(program(), { ...apart, memory: simdMemory })).toBeCloseTo((3 + 3 + 1) * power.encode, 0);
    expect(simdMemory.use({ ...program(), parameters }).plaintexts).toBe((3 + 4 + 1) * (8192 * 8 + 128));
  });

  test('get an encoder of their own where they are many', () => {
    const builder = new HeBuilder();
    const x = builder.add('input', { level: 0 });
    for (let b = 0; b < 1000; b++) builder.add('multiply-plain', { a: x, b, level: 0, plainScale: 8 });
    const cost = encodingCost({ columns: builder.build(), parameters }, apart);
    expect(cost).toBeCloseTo((1000 + 100 * 3) * power.encode, 0);
  });
});

describe('rows of an evaluation', () => {
  test.each([sealMemory, simdMemory])('pay for what finds no room, at each use ($sharesLevels)', (memory) => {
    const use = memory.use({ ...program(), parameters });
    const engine = { ...apart, memory: { ...memory, limit: 0 } };
    const costs = evaluationRowCosts(program(), engine, use);
    const whole = evaluationCost(program(), engine, use);
    expect(whole).toBeGreaterThan(1.01 * programCost(program(), powers));
    expect(costs.reduce((total, cost) => total + cost, 0) / whole).toBeCloseTo(1, 12);
    const others = rowCosts(program(), powers);
    const isProduct = (row: number) => program().columns.op[row] === HE['multiply-plain'];
    const paid = costs
      .map((cost, row) => (cost - (others[row] ?? 0)) / power.encode)
      .filter((_, row) => isProduct(row));
    // Two of the three share an encoding, and each needs it anew.
    for (const [k, primes] of [3, 3, 3].entries()) expect(paid[k]).toBeCloseTo(primes, 6);
  });

  test('what is used most often is kept first', () => {
    const use = { ...simdMemory.use({ ...program(), parameters }), staging: 0 };
    const { list } = collectEncodings(program().columns, simdMemory);
    const limbs = list.reduce((sum, { level }) => sum + level + 1, 0);
    // Room for one of them, of three limbs.
    const limit = neededBytes(use) + Math.ceil((3 * use.plaintexts) / limbs);
    const costs = evaluationRowCosts(program(), { ...apart, memory: { ...simdMemory, limit } }, use);
    const others = rowCosts(program(), powers);
    const paid = costs.map((cost, row) => (cost - (others[row] ?? 0)) / power.encode);
    const products = paid.filter((_, row) => program().columns.op[row] === HE['multiply-plain']);
    expect(Array.from(products, Math.round)).toEqual([3, 0, 0]);
  });

  test('are those of the program where all find room', () => {
    const use = simdMemory.use({ ...program(), parameters });
    expect(evaluationRowCosts(program(), { ...apart, memory: simdMemory }, use)).toEqual(rowCosts(program(), powers));
  });
});

describe('bytes', () => {
  test('are those of the files, but for headers', () => {
    const upload = 2 * savedSeededBytes(8192, 3);
    expect(uploadBytes(program()) / upload).toBeGreaterThan(0.99);
    expect(uploadBytes(program())).toBeLessThan(upload);
    const download = savedCiphertextBytes(8192, 1, 2);
    expect(downloadBytes(program()) / download).toBeGreaterThan(0.99);
    expect(downloadBytes(program())).toBeLessThan(download);
  });
});

/** What is long enough to be measured to a few per cent. */
const long = new Set<string>(['rotate', 'relinearize', 'rescale', 'multiply', 'multiply-plain', 'input', 'encode']);

describe('the costs that hepc comes with', () => {
  test('are there for the degrees that the engine takes, and no others', () => {
    for (const { costs, capabilities } of Object.values(engineProfiles))
      for (const degree of polyModulusDegrees) {
        const cost = () => opCost('add', 0, degree, costs);
        if (degree <= capabilities.largestDegree) expect(cost()).toBeGreaterThan(0);
        else expect(cost).toThrow(`no costs at N = ${degree}`);
      }
  });

  test('are there for every operation, and grow with primes and degree', () => {
    for (const op of costedOps) {
      for (const [i, degree] of polyModulusDegrees.entries()) {
        const levels = degree === 4096 ? 3 : 8;
        for (let level = 0; level < levels; level++) {
          expect(opCost(op, level, degree)).toBeGreaterThan(0);
          expect(opCost(op, level + 1, degree)).toBeGreaterThanOrEqual(opCost(op, level, degree));
          const next = polyModulusDegrees[i + 1];
          if (next !== undefined && long.has(op))
            expect(opCost(op, level, next)).toBeGreaterThan(opCost(op, level, degree));
        }
      }
    }
  });

  test('make a rotation worth about ten products', () => {
    const ratio = opCost('rotate', 3) / opCost('multiply-plain', 3);
    expect(ratio).toBeGreaterThan(5);
    expect(ratio).toBeLessThan(20);
  });
});
