/** Each invariant of `he` and `plan` has a program that breaks it and nothing else. */
import { describe, expect, test } from 'vitest';

import { Constant } from '../../../../ir/constant.ts';
import { HeBuilder, type HeColumns, type HeModule, heOpsOf } from '../../../../ir/he/module.ts';
import { heOpNames } from '../../../../ir/he/ops.ts';
import type { PlanModule } from '../../../../ir/plan/plan.ts';
import { verify } from '../../../../ir/verify.ts';
import { firstOf, managedProgram, planModule, scale, slots, withoutParameters } from './programs.ts';
import { casesOf } from '../../../support/setup/suite.ts';

function codes(module: HeModule | PlanModule): string[] {
  return [...new Set(verify(module).map((d) => d.code))];
}

/** The managed program with some entries of its columns changed. */
function edited(edit: (columns: HeColumns, module: HeModule) => void, rest: Partial<HeModule> = {}): HeModule {
  const module = managedProgram();
  edit(module.columns, module);
  return { ...module, ...rest };
}

/** Ops that other tests have. */
const restoring: readonly string[] = ['refresh', 'to-sparse', 'mod-raise', 'to-dense', 'set-scale', 'bootstrap'];

test('the program that the others are made from is sound and has every op but those that restore levels', () => {
  const module = managedProgram();
  expect(verify(module)).toEqual([]);
  expect(new Set(Array.from(heOpsOf(module), ({ op }) => op))).toEqual(
    new Set(heOpNames.filter((name) => !restoring.includes(name))),
  );
  expect(verify(planModule())).toEqual([]);
});

const at = (name: Parameters<typeof firstOf>[1]) => firstOf(managedProgram(), name);

/** The program with its first, or second, plaintext of this value in one slot. */
function withFirst(value: number): HeModule {
  return edited((_, m) => (m.packed[0]?.data.fill(value, 1, 2), undefined));
}
function withSecond(value: number): HeModule {
  return edited((_, m) => (m.packed[0]?.data.fill(value, 6, 7), undefined));
}

/** A tile of the last packed constant that no plaintext names. */
function withPacked(...values: number[]): Partial<HeModule> {
  const { packed } = managedProgram();
  return {
    packed: [
      ...packed.slice(0, 1),
      new Constant([2, 4], Float64Array.from([...new Array<number>(4).fill(0), ...values, 0, 0])),
    ],
  };
}

const broken: readonly (readonly [string, string, RegExp, () => HeModule])[] = [
  ['an unknown code', 'H250', /code 200/, () => edited((c) => (c.op[3] = 200))],
  ['an operand that is not above', 'H250', /operand %9 of rotate/, () => edited((c) => (c.a[at('rotate')] = 9))],
  ['a negative operand', 'H250', /operand %-1 of add/, () => edited((c) => (c.b[at('add')] = -1))],
  ['a user of an output', 'H250', /is an output/, () => edited((c) => (c.a[16] = 15))],
  ['an origin out of the list', 'H250', /origin 7/, () => edited((c) => (c.origin[2] = 7))],
  ['slots that are not half of the degree', 'H250', /2048 slots/, () => edited(() => undefined, { slots: 2048 })],
  ['an index twice', 'H253', /another input 0/, () => edited((c) => (c.imm[1] = 0))],
  ['an output index that is left out', 'H253', /output 1 is missing/, () => edited((c) => (c.imm[16] = 2))],
  ['an output index twice', 'H253', /another output 0/, () => edited((c) => (c.imm[16] = 0))],
  ['a negative index', 'H253', /input has the number -1/, () => edited((c) => (c.imm[1] = -1))],
  ['a plaintext out of the pool', 'H254', /plaintext 3, of 3/, () => edited((c) => (c.b[at('multiply-plain')] = 3))],
  ['a weight out of the pool', 'H254', /plaintext 9, of 3/, () => edited((c) => (c.a[at('weight')] = 9))],
  ['a product with zeros', 'H254', /zero in all slots/, () => edited((c) => (c.b[at('multiply-plain')] = 2))],
  ['a tile out of range', 'H254', /tile 2 of 2/, () => edited((_, m) => (m.plaintexts.tile[0] = 2))],
  ['a source out of range', 'H254', /packed constant 2, of 2/, () => edited((_, m) => (m.plaintexts.source[0] = 2))],
  ['a period that does not divide', 'H254', /4 times 3/, () => edited((_, m) => (m.plaintexts.inner[0] = 3))],
  ['a period that is too long', 'H254', /4 times 2048/, () => edited((_, m) => (m.plaintexts.inner[0] = 2048))],
  [
    'packed indices',
    'H254',
    /not f64/,
    () =>
      edited(() => undefined, {
        packed: [0, 1].map(() => new Constant([2, 4], Int32Array.of(1, 1, 1, 1, 1, 1, 1, 1))),
      }),
  ],
  ['a rotation by nothing', 'H255', /rotation by 0/, () => edited((c) => (c.imm[at('rotate')] = 0))],
  ['a rotation by all', 'H255', /rotation by 4096/, () => edited((c) => (c.imm[at('rotate')] = slots))],
  ['operands at different levels', 'H256', /levels 2 and 3/, () => edited((c) => (c.b[at('add')] = 0))],
  ['a level above the top', 'H256', /level 4/, () => edited((c) => (c.level[0] = 4))],
  [
    'a rescale that keeps its level',
    'H256',
    /at level 3, its operand at 3/,
    () => edited((c) => (c.level[at('rescale')] = 3)),
  ],
  ['unequal scales in a sum', 'H257', /operands of scales/, () => edited((c) => (c.scale[1] = scale * 1.5))],
  [
    'a product of the wrong scale',
    'H257',
    /multiply has the scale/,
    () => edited((c) => (c.scale[at('multiply')] = scale)),
  ],
  [
    'a rescale by something else',
    'H257',
    /by the prime/,
    () => edited((c) => (c.scale[at('rescale')] = scale * 1.001)),
  ],
  [
    'a plaintext added at another scale',
    'H257',
    /encodes its plaintext/,
    () => edited((c) => (c.plainScale[at('add-plain')] = 2 ** 29)),
  ],
  [
    'a plaintext without scale',
    'H257',
    /encodes its plaintext at scale 0/,
    () => edited((c) => (c.plainScale[at('multiply-plain')] = 0)),
  ],
  ['a scale that is no number', 'H257', /scale NaN/, () => edited((c) => (c.scale[0] = NaN))],
  ['a scale beyond the modulus', 'H257', /modulus of 34.0 bits/, () => edited((c) => (c.scale[15] = 2 ** 40))],
  [
    'a plaintext that is not finite',
    'H254',
    /tile 0 of the packed constant 0 holds a number that is not finite/,
    () => edited((_, m) => (m.packed[0]?.data.fill(NaN, 1, 2), undefined)),
  ],
  [
    'an infinite plaintext that nothing reads',
    'H254',
    /tile 1 of the packed constant 1/,
    () => edited(() => undefined, withPacked(0.5, Infinity)),
  ],
  ['a factor too large for its level', 'H257', /multiply-plain encodes plaintext 0/, () => withFirst(2 ** 93)],
  ['a summand too large for its level', 'H257', /add-plain encodes plaintext 1/, () => withSecond(2 ** 63)],
  ['a weight too large for its level', 'H257', /weight encodes plaintext 1/, () => withSecond(-(2 ** 63))],
  [
    'a factor at a scale that leaves nothing of it',
    'H257',
    /up to 1, at scale 1e-300/,
    () => {
      const b = new HeBuilder();
      const x = b.add('input', { level: 3, scale });
      const y = b.add('multiply-plain', { a: x, b: 0, level: 3, scale: scale * 1e-300, plainScale: 1e-300 });
      b.add('output', { a: y, level: 3, scale: scale * 1e-300 });
      return { ...managedProgram(), columns: b.build() };
    },
  ],
  [
    'a rotation of size 3',
    'H258',
    /rotate takes ciphertexts of size 2/,
    () => edited((c) => (c.size[at('rescale')] = 3)),
  ],
  [
    'a relinearisation of size 2',
    'H258',
    /relinearize takes ciphertexts of size 3/,
    () => edited((c) => (c.size[10] = 2)),
  ],
  ['a product of size 2', 'H258', /multiply is of size 2/, () => edited((c) => (c.size[at('multiply')] = 2))],
];

describe('he', () => {
  test.each(broken)('%s', (_, code, message, make) => {
    const found = verify(make());
    expect(found.map((d) => d.code)).toContain(code);
    expect(found.map((d) => d.message).join('\n')).toMatch(message);
  });

  test('columns of different lengths', () => {
    const module = managedProgram();
    expect(codes({ ...module, columns: { ...module.columns, imm: new Int32Array(3) } })).toEqual(['H250']);
  });

  test('no output', () => {
    const b = new HeBuilder();
    b.add('input', { imm: 0, level: 0, scale });
    expect(codes({ ...managedProgram(), columns: b.build() })).toEqual(['H253']);
  });

  test('inputs that nobody reads may be gone', () => {
    expect(codes(edited((c) => (c.imm[1] = 7)))).toEqual([]);
  });

  test('levels, scales and sizes mean nothing without parameters', () => {
    const module = withoutParameters(edited((c) => (c.scale.fill(0), c.level.fill(9), c.size.fill(7))));
    expect(codes(module)).toEqual([]);
  });

  test('slots that are no power of two', () => {
    const b = new HeBuilder();
    b.add('output', { a: b.add('input', { imm: 0 }), imm: 0 });
    const rest = withoutParameters(managedProgram());
    const empty = {
      source: new Int32Array(),
      tile: new Int32Array(),
      shift: new Int32Array(),
      inner: new Int32Array(),
    };
    expect(codes({ ...rest, slots: 12, plaintexts: empty, columns: b.build() })).toEqual(['H250']);
  });

  test('a place is the value and its origins, unless the caller knows better', () => {
    const origins = [[{ name: 'Gemm_0', opType: 'Gemm', output: 'y' }]];
    const module = edited((c) => (c.imm[at('rotate')] = 0), { origins });
    expect(verify(module)[0]?.at).toEqual({ part: '%5', nodes: origins[0] });
    expect(verify(module, (id) => ({ line: id + 3 }))[0]?.at).toEqual({ line: 8 });
  });

  test('a program that is broken throughout gives a screenful', () => {
    const b = new HeBuilder();
    for (let k = 0; k < 1000; k++) b.add('rotate', { a: 2000, imm: 0 });
    expect(verify({ ...managedProgram(), columns: b.build() }).length).toBeLessThan(50);
  });
});

describe('the way to the sparse secret and back', () => {
  type Fields = Parameters<HeBuilder['add']>[1];
  /** From level 0 to the top, 3, with some rows changed. */
  const raised = (
    changes: Readonly<Record<string, Fields>> = {},
    ops = ['to-sparse', 'mod-raise', 'to-dense'] as const,
  ): HeModule => {
    const b = new HeBuilder();
    const x = b.add('input', { imm: 0, level: 0, scale });
    const fields: Readonly<Record<string, Fields>> = {
      'to-sparse': { a: x, level: 0, scale },
      'mod-raise': { a: x + 1, level: 3, scale },
      'to-dense': { a: x + 2, level: 3, scale: 8 * scale, plainScale: 8 },
    };
    for (const op of ops) b.add(op, { ...fields[op], ...changes[op] });
    const y = b.add('set-scale', { a: x + 3, level: 3, scale: 4 * scale, plainScale: 0.5, ...changes['set-scale'] });
    b.add('output', { a: y, imm: 0, level: 3, scale: 4 * scale });
    return { ...managedProgram(), columns: b.build() };
  };

  test('goes from level 0 to the top', () => {
    expect(verify(raised())).toEqual([]);
    expect(codes(raised({ 'mod-raise': { level: 2 } }))).toContain('H256');
    expect(codes(raised({ 'to-sparse': { level: 1 } }))).toContain('H256');
  });

  test('is gone one after another, and by nothing else', () => {
    expect(codes(raised({ 'mod-raise': { a: 0 } }))).toContain('H261');
    expect(codes(raised({ 'to-dense': { a: 1 } }))).toContain('H261');
    expect(codes(raised({ 'set-scale': { a: 2 } }))).toContain('H261');
    expect(codes(raised({ 'set-scale': { a: 1, level: 0 } }))).toContain('H261');
  });

  test('multiplies by an integer, and scales by what it says', () => {
    expect(codes(raised({ 'to-dense': { plainScale: 8.5 } }))).toContain('H257');
    expect(codes(raised({ 'to-dense': { scale } }))).toContain('H257');
    expect(codes(raised({ 'set-scale': { plainScale: -0.5 } }))).toContain('H257');
  });
});

describe('refresh', () => {
  /** x at level 3, brought to `from`, refreshed to `to`, and the sum with x. */
  const refreshed = (from: number, to: number, last: 'ordered' | 'late' = 'ordered'): HeModule => {
    const b = new HeBuilder();
    let x = b.add('input', { imm: 0, level: 3, scale });
    const first = x;
    for (let level = 2; level >= from; level--) x = b.add('mod-switch', { a: x, level, scale });
    const y = b.add('refresh', { a: x, level: to, scale });
    b.add('output', { a: y, imm: 0, level: to, scale });
    if (last === 'late') b.add('output', { a: first, imm: 1, level: 3, scale });
    return { ...managedProgram(), columns: b.build() };
  };

  test('restores any level, from two primes alone', () => {
    for (const to of [0, 1, 2, 3]) expect(verify(refreshed(1, to))).toEqual([]);
    expect(codes(refreshed(2, 3))).toEqual(['H256']);
    expect(codes(refreshed(0, 3))).toEqual(['H256']);
    expect(codes(refreshed(1, 4))).toContain('H256');
  });

  test('ends a round: rows of a plan that do not wait for it stand before it', () => {
    expect(verify(planModule(refreshed(1, 3)))).toEqual([]);
    const [problem] = verify(planModule(refreshed(1, 3, 'late')));
    expect(problem?.message).toMatch(/round 1 has begun, and this row is of round 0/);
  });
});

/** The plan with some entries of its schedule changed. */
function rescheduled(edit: (plan: PlanModule) => void): PlanModule {
  const plan = planModule();
  edit(plan);
  return plan;
}

describe('plan', () => {
  const cases: readonly (readonly [string, RegExp, (plan: PlanModule) => void])[] = [
    [
      'a buffer that is still needed',
      /holds %1, which is still needed/,
      ({ schedule: s }) => (s.buffer[3] = s.buffer[1] ?? 0),
    ],
    ['the buffer of its own operand', /still needed/, ({ schedule: s }) => (s.buffer[5] = s.buffer[4] ?? 0)],
    ['a negative buffer', /buffer -1/, ({ schedule: s }) => (s.buffer[2] = -1)],
    ['a buffer out of range', /buffer 17/, ({ schedule: s }) => (s.buffer[2] = 17)],
    ['a value that is never freed', /does not free %0/, ({ schedule: s }) => (s.frees[3] = 0)],
    ['a value that is freed too early', /frees %7, but it does not read that/, ({ schedule: s }) => (s.frees[8] = 3)],
    [
      'the free of an operand that is not there',
      /frees an operand that it has not/,
      ({ schedule: s }) => (s.frees[0] = 1),
    ],
    ['unknown flags', /unknown flags/, ({ schedule: s }) => (s.frees[3] = 5)],
    ['a negative group', /group -1/, ({ schedule: s }) => (s.group[3] = -1)],
    ['an empty group', /group 1 is empty/, ({ schedule: s }) => (s.group[3] = 2)],
  ];
  test.each(cases)('%s', (_, message, edit) => {
    const found = verify(rescheduled(edit));
    expect(found.map((d) => d.code)).toEqual(found.map(() => 'H259'));
    expect(found.map((d) => d.message).join('\n')).toMatch(message);
  });

  test('an output may take over the buffer that it frees', () => {
    const plan = rescheduled(({ schedule: s }) => {
      s.buffer[15] = s.buffer[14] ?? 0;
      s.buffer[16] = s.buffer[12] ?? 0;
    });
    expect(verify(plan)).toEqual([]);
  });

  test('a square frees its operand with either flag or both', () => {
    const b = new HeBuilder();
    const x = b.add('input', { imm: 0, level: 0, scale: 2 ** 15 });
    const y = b.add('add', { a: x, b: x, level: 0, scale: 2 ** 15 });
    b.add('output', { a: y, imm: 0, level: 0, scale: 2 ** 15 });
    const module = { ...managedProgram(), columns: b.build() };
    const withFrees = (flags: number) => {
      const plan = planModule(module);
      plan.schedule.frees[1] = flags;
      return codes(plan);
    };
    expect([1, 2, 3].map(withFrees)).toEqual([[], [], []]);
    expect(withFrees(0)).toEqual(['H259']);
  });

  test('a value that nothing reads', () => {
    const b = new HeBuilder();
    const x = b.add('input', { imm: 0, level: 0, scale });
    b.add('input', { imm: 1, level: 0, scale });
    const unread = b.add('add', { a: x, b: x, level: 0, scale });
    b.add('output', { a: x, imm: 0, level: 0, scale });
    expect(verify(planModule({ ...managedProgram(), columns: b.build() })).map((d) => d.at.part)).toEqual([
      `%${unread}`,
    ]);
  });

  test('a schedule of the wrong length, and no parameters', () => {
    const plan = planModule();
    expect(codes({ ...plan, schedule: { ...plan.schedule, group: new Int32Array(3) } })).toEqual(['H259']);
    const b = new HeBuilder();
    b.add('output', { a: b.add('input', { imm: 0 }), imm: 0 });
    expect(codes(withoutParameters(planModule({ ...managedProgram(), columns: b.build() })))).toEqual(['H259']);
  });

  test('a broken program is reported before its schedule', () => {
    expect(codes(planModule(edited((c) => (c.imm[5] = 0))))).toEqual(['H255']);
  });
});

test('many ops, at night a million', () => {
  const ops = casesOf({ normal: 150_000, nightly: 1_000_000 });
  const b = new HeBuilder(1 << 20);
  let x = b.add('input', { imm: 0, level: 3, scale });
  for (let k = 1; k < ops; k++) {
    const y = b.add('rotate', { a: x, imm: 1 + (k % 100), level: 3, scale });
    x = k % 2 === 0 ? y : b.add('add', { a: x, b: y, level: 3, scale });
  }
  b.add('output', { a: x, imm: 0, level: 3, scale });
  const plan = planModule({ ...managedProgram(), columns: b.build() });
  expect(verify(plan)).toEqual([]);
});
