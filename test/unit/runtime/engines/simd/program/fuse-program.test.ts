/** From rows to steps: what is fused, what it saves, and how many values that keeps alive. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lastUses } from '../../../../../../ir/he/last-uses.ts';
import { HeBuilder, type HeColumns } from '../../../../../../ir/he/module.ts';
import { costTables } from '../../../../../../costs/op-costs.ts';
import { HE } from '../../../../../../ir/he/ops.ts';
import { usesValueA, usesValueB } from '../../../../../../ir/he/traits.ts';
import { fuseProgram } from '../../../../../../runtime/engines/simd/program/fuse-program.ts';
import { planKeys } from '../../../../../../runtime/engines/simd/program/key-plan.ts';
import { keyBytes } from '../../../../../../runtime/rns/memory/layout.ts';
import {
  type FusedProgram,
  lastReads,
  operandsOf,
  type Step,
  targetOf,
} from '../../../../../../runtime/engines/simd/program/steps.ts';
import { mnistImages, modelBytes } from '../../../../../support/mnist.ts';
import { compileBytes } from '../../../../../support/run-plans.ts';
import { parametersOf } from '../arbitrary-parameters.ts';
import { managedProgram } from '../random-programs.ts';
import { casesOf, isNightly } from '../../../../../support/setup/suite.ts';

const at = { level: 2, size: 2, scale: 1, plainScale: 1 } as const;

function build(write: (builder: HeBuilder) => number): HeColumns {
  const builder = new HeBuilder();
  const result = write(builder);
  builder.add('output', { ...at, a: result, imm: 0 });
  return builder.build();
}

function kindsOf({ steps }: FusedProgram): Step['kind'][] {
  return steps.map(({ kind }) => kind);
}

function countKinds(program: FusedProgram): Partial<Record<Step['kind'], number>> {
  const counts: Partial<Record<Step['kind'], number>> = {};
  for (const kind of kindsOf(program)) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** Σ pₖ · rotateₖ(x) for k from 0, without a rotation for k = 0; a chain of adds. */
function rotatedSum(builder: HeBuilder, x: number, count: number): number {
  let sum = -1;
  for (let k = 0; k < count; k++) {
    const a = k === 0 ? x : builder.add('rotate', { ...at, a: x, imm: k });
    const product = builder.add('multiply-plain', { ...at, a, b: k });
    sum = sum === -1 ? product : builder.add('add', { ...at, a: sum, b: product });
  }
  return sum;
}

describe('sums', () => {
  test('of products of inputs are one sweep', () => {
    const columns = build((builder) => {
      const products = Array.from({ length: 10 }, (_, k) => {
        const x = builder.add('input', { ...at, imm: k });
        return builder.add('multiply-plain', { ...at, a: x, b: k });
      });
      return products.reduce((a, b) => builder.add('add', { ...at, a, b }));
    });
    expect(kindsOf(fuseProgram(columns))).toEqual([
      ...Array<'input'>(10).fill('input'),
      'multiply-accumulate',
      'output',
    ]);
  });

  test('keep a product that another row reads too', () => {
    const columns = build((builder) => {
      const x = builder.add('input', { ...at, imm: 0 });
      const shared = builder.add('multiply-plain', { ...at, a: x, b: 0 });
      const own = builder.add('multiply-plain', { ...at, a: x, b: 1 });
      const sum = builder.add('add', { ...at, a: shared, b: own });
      return builder.add('multiply', { ...at, size: 3, a: sum, b: shared });
    });
    expect(kindsOf(fuseProgram(columns))).toEqual([
      'input',
      'multiply-accumulate',
      'multiply-accumulate',
      'add',
      'multiply',
      'output',
    ]);
  });

  test('of values that die are swept before more than the most are held', () => {
    const columns = build((builder) => {
      const products = Array.from({ length: 100 }, (_, k) => {
        const x = builder.add('input', { ...at, imm: k });
        return builder.add('multiply-plain', { ...at, a: x, b: k });
      });
      // Balanced, so that the rows themselves hold partial sums.
      let level = products;
      while (level.length > 1)
        level = level.flatMap((a, k) => {
          if (k % 2 === 1) return [];
          const b = level[k + 1];
          return b === undefined ? [a] : [builder.add('add', { ...at, a, b })];
        });
      return level[0] ?? -1;
    });
    const program = fuseProgram(columns, { heldValues: 8 });
    const sweeps = program.steps.filter(({ kind }) => kind === 'multiply-accumulate');
    expect(sweeps.map((step) => operandsOf(step).length)).toEqual([...Array<number>(11).fill(9), 1]);
    // Besides the nine operands of a sweep its result, and the sum so far.
    expect(mostAlive(program)).toBe(9 + 2);
  });
});

describe('key switches', () => {
  test('relinearise and rescale at once only where the rescale alone reads', () => {
    const square = (builder: HeBuilder): number => {
      const x = builder.add('input', { ...at, imm: 0 });
      const product = builder.add('multiply', { ...at, size: 3, a: x, b: x });
      return builder.add('relinearize', { ...at, a: product });
    };
    const once = build((builder) => builder.add('rescale', { ...at, level: 1, a: square(builder) }));
    expect(kindsOf(fuseProgram(once))).toEqual(['input', 'multiply', 'relinearize-rescale', 'output']);
    const twice = build((builder) => {
      const relinearized = square(builder);
      const rescaled = builder.add('rescale', { ...at, level: 1, a: relinearized });
      const switched = builder.add('mod-switch', { ...at, level: 1, a: relinearized });
      return builder.add('multiply', { ...at, level: 1, size: 3, a: rescaled, b: switched });
    });
    expect(countKinds(fuseProgram(twice))).toMatchObject({ relinearize: 1, rescale: 1 });
  });

  test('a sum of values is one addition, beside that of its products', () => {
    const columns = build((builder) => {
      const inputs = Array.from({ length: 6 }, (_, imm) => builder.add('input', { ...at, imm }));
      const [x = -1, y = -1, ...others] = inputs;
      const products = [x, y].map((value, k) => builder.add('multiply-plain', { ...at, a: value, b: k }));
      return [...others, x, ...products].reduce((a, b) => builder.add('add', { ...at, a, b }));
    });
    expect(fuseProgram(columns).steps.slice(6)).toEqual([
      { kind: 'multiply-accumulate', terms: [0, 1].map((k) => ({ value: k, row: 6 + k })), target: 6 },
      { kind: 'add', summands: [2, 3, 4, 5, 0, 6], target: 7 },
      { kind: 'output', a: 7, index: 0 },
    ]);
  });

  test('a sum of more values than are held is added in pieces', () => {
    const columns = build((builder) => {
      const inputs = Array.from({ length: 8 }, (_, imm) => builder.add('input', { ...at, imm }));
      return inputs.reduce((a, b) => builder.add('add', { ...at, a, b }));
    });
    const { steps } = fuseProgram(columns, { heldValues: 3 });
    expect(steps.filter(({ kind }) => kind === 'add')).toEqual([
      { kind: 'add', summands: [0, 1, 2, 3], target: 8 },
      { kind: 'add', summands: [8, 4, 5, 6, 7], target: 9 },
    ]);
  });

  test('rotations of one value share a decomposition', () => {
    const columns = build((builder) => rotatedSum(builder, builder.add('input', { ...at, imm: 0 }), 4));
    expect(countKinds(fuseProgram(columns, { doubleHoisting: false }))).toEqual({
      input: 1,
      decompose: 1,
      'rotate-decomposed': 3,
      'multiply-accumulate': 1,
      output: 1,
    });
    expect(kindsOf(fuseProgram(columns))).toEqual([
      'input',
      'decompose',
      ...Array<Step['kind']>(3).fill('rotate-decomposed-extended'),
      'multiply-accumulate',
      'multiply-accumulate-extended',
      'divide-extended',
      'output',
    ]);
  });

  test('a single rotation decomposes by itself', () => {
    const columns = build((builder) => {
      const x = builder.add('input', { ...at, imm: 0 });
      return builder.add('rotate', { ...at, a: x, imm: 1 });
    });
    expect(kindsOf(fuseProgram(columns))).toEqual(['input', 'rotate', 'output']);
  });

  test('a sum that is rescaled is rescaled by its division, and giant steps are added before theirs', () => {
    const columns = build((builder) => {
      const x = builder.add('input', { ...at, imm: 0 });
      const giants = [0, 1, 2].map((k) => {
        const sum = builder.add('rescale', { ...at, level: 1, a: rotatedSum(builder, x, 6) });
        return k === 0 ? sum : builder.add('rotate', { ...at, level: 1, a: sum, imm: 8 * k });
      });
      return giants.reduce((a, b) => builder.add('add', { ...at, level: 1, a, b }));
    });
    expect(countKinds(fuseProgram(columns))).toEqual({
      input: 1,
      decompose: 1,
      'rotate-decomposed-extended': 15,
      'multiply-accumulate': 3,
      'multiply-accumulate-extended': 3,
      'divide-extended-rescale': 3,
      'rotate-extended': 2,
      'add-extended': 1,
      'divide-extended': 1,
      output: 1,
    });
  });

  test('a fold gains nothing from the extended basis', () => {
    const columns = build((builder) => {
      const x = builder.add('input', { ...at, imm: 0 });
      return builder.add('add', { ...at, a: x, b: builder.add('rotate', { ...at, a: x, imm: 1 }) });
    });
    expect(kindsOf(fuseProgram(columns))).toEqual(['input', 'rotate', 'add', 'output']);
  });

  test('only so many decompositions are kept, those that are wanted first', () => {
    const columns = build((builder) => {
      const inputs = [0, 1, 2].map((imm) => builder.add('input', { ...at, imm }));
      const order = [0, 1, 2, 1, 0, 2, 2];
      const rotations = order.map((k, step) => builder.add('rotate', { ...at, a: inputs[k] ?? -1, imm: step + 1 }));
      return rotations.reduce((a, b) => builder.add('multiply', { ...at, size: 3, a, b }));
    });
    const kinds = kindsOf(fuseProgram(columns, { decompositions: 2 })).filter((kind) => /rotate|decompose/.test(kind));
    // The third is wanted last when it comes, and has two rotations left when there is room.
    expect(kinds).toEqual([
      ...['decompose', 'rotate-decomposed', 'decompose', 'rotate-decomposed', 'rotate', 'rotate-decomposed'],
      ...['rotate-decomposed', 'decompose', 'rotate-decomposed', 'rotate-decomposed'],
    ]);
  });

  test('keys go up to the highest level of their use', () => {
    const columns = build((builder) => {
      const x = builder.add('input', { ...at, imm: 0 });
      const low = builder.add('mod-switch', { ...at, level: 1, a: builder.add('rotate', { ...at, a: x, imm: 1 }) });
      const rotated = [1, 3].map((imm) => builder.add('rotate', { ...at, level: 1, a: low, imm }));
      const [a = -1, b = -1] = rotated;
      const product = builder.add('multiply', { ...at, level: 1, size: 3, a, b });
      return builder.add('relinearize', { ...at, level: 1, a: product });
    });
    const parameters = parametersOf(4096, [30, 30, 30], 32);
    expect(planKeys(fuseProgram(columns), parameters)).toEqual({
      relinearization: 1,
      encapsulation: false,
      rotations: new Map([
        [1, 2],
        [3, 1],
      ]),
      bytes: keyBytes(parameters, 2) + 2 * keyBytes(parameters, 1),
    });
  });
});

test('rows that no output needs are left out', () => {
  const columns = build((builder) => {
    const x = builder.add('input', { ...at, imm: 0 });
    builder.add('input', { ...at, imm: 1 });
    builder.add('rotate', { ...at, a: x, imm: 1 });
    return builder.add('add-plain', { ...at, a: x, b: 0 });
  });
  expect(kindsOf(fuseProgram(columns))).toEqual(['input', 'add-plain', 'output']);
});

test('every value is given once, before it is read, and is read', () => {
  fc.assert(
    fc.property(managedProgram, ({ columns }) => {
      const program = fuseProgram(columns);
      const given = new Set<number>();
      for (const step of program.steps) {
        for (const operand of operandsOf(step)) expect(given.has(operand)).toBe(true);
        const target = targetOf(step);
        if (target === -1) continue;
        expect(given.has(target)).toBe(false);
        given.add(target);
      }
      expect(given.size).toBe(program.values.length);
      expect(lastReads(program)).not.toContain(-1);
    }),
    { numRuns: casesOf({ normal: 80, nightly: 200 }) },
  );
});

test('holds few more values than the rows do', () => {
  fc.assert(
    fc.property(managedProgram, fc.nat(20), ({ columns }, heldValues) => {
      const program = fuseProgram(columns, { heldValues });
      // An open sum has a part in each basis where the rows have one, and one more while a part is added.
      expect(mostAlive(program)).toBeLessThanOrEqual(2 * mostRowsAlive(columns) + heldValues + 2);
    }),
    { numRuns: casesOf({ normal: 100, nightly: 300 }) },
  );
});

const stepCounts = [
  {
    name: 'mlp-784-128-128-10',
    engine: 'seal-wasm',
    counts: {
      input: 13,
      'multiply-accumulate': 8,
      rescale: 8,
      rotate: 16,
      add: 15,
      'add-plain': 3,
      multiply: 2,
      relinearize: 2,
      decompose: 1,
      'rotate-decomposed': 3,
      'rotate-extended': 3,
      'add-extended': 1,
      'divide-extended': 1,
      output: 1,
    },
  },
  {
    name: 'cryptonets',
    engine: 'seal-wasm',
    counts: {
      input: 7,
      'multiply-accumulate': 13,
      rescale: 13,
      rotate: 10,
      add: 10,
      'add-plain': 3,
      multiply: 2,
      relinearize: 2,
      decompose: 2,
      'rotate-decomposed': 6,
      'rotate-extended': 10,
      'add-extended': 2,
      'divide-extended': 2,
      output: 1,
    },
  },
  {
    name: 'mlp-784-128-128-10',
    engine: 'simd',
    counts: {
      input: 1,
      decompose: 9,
      'rotate-decomposed-extended': 34,
      'multiply-accumulate': 7,
      'multiply-accumulate-extended': 7,
      'divide-extended-rescale': 7,
      'divide-extended': 7,
      'rotate-extended': 2,
      'add-extended': 7,
      rotate: 3,
      add: 3,
      'add-plain': 3,
      multiply: 2,
      relinearize: 2,
      output: 1,
    },
  },
] as const;

// The one that both engines have is in the normal suite for `simd`.
const counted = stepCounts.filter(
  ({ name, engine }) => isNightly || name !== 'mlp-784-128-128-10' || engine === 'simd',
);

test.each(counted)('$name for $engine takes as many steps as before', ({ name, engine, counts }) => {
  const costs = costTables[engine];
  const { program } = compileBytes(modelBytes(name), { samples: mnistImages().slice(128), maxError: 0.01, costs }).plan;
  expect(countKinds(fuseProgram(program.columns))).toEqual(counts);
});

test('fuses 10^5 rows', () => {
  const columns = build((builder) => {
    const inputs = Array.from({ length: 40 }, (_, imm) => builder.add('input', { ...at, imm }));
    const sums = Array.from({ length: 250 }, (_, k) => rotatedSum(builder, inputs[k % inputs.length] ?? -1, 140));
    return sums.reduce((a, b) => builder.add('multiply', { ...at, size: 3, a, b }));
  });
  expect(columns.op.length).toBeGreaterThan(100_000);
  // A quadratic fuser would take minutes, and run into the limit of the test.
  expect(fuseProgram(columns).steps.length).toBeLessThan(columns.op.length);
});

/** Ciphertexts and extended values at once, with the result of a step beside its operands. */
function mostAlive(program: FusedProgram): number {
  const last = lastReads(program);
  let alive = 0;
  let most = 0;
  const counts = (value: number): boolean => program.values[value]?.form !== 'digits';
  for (const [index, step] of program.steps.entries()) {
    const target = targetOf(step);
    if (target !== -1 && counts(target)) alive++;
    most = Math.max(most, alive);
    alive -= [...new Set(operandsOf(step))].filter((value) => last[value] === index && counts(value)).length;
  }
  return most;
}

function mostRowsAlive(columns: HeColumns): number {
  const { op, a, b } = columns;
  const last = lastUses({ columns });
  let alive = 0;
  let most = 0;
  for (const [row, code] of op.entries()) {
    if (code !== HE.output) alive++;
    most = Math.max(most, alive);
    const operands = new Set<number>();
    if (usesValueA(code)) operands.add(a[row] ?? -1);
    if (usesValueB(code)) operands.add(b[row] ?? -1);
    for (const operand of operands) if (last[operand] === row) alive--;
    if (code !== HE.output && last[row] === -1) alive--;
  }
  return most;
}
