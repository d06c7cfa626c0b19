/** Random programs through all `he` passes, for every chain that carries them, and on to the schedule. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { type Chain, chainsFor } from '../../../../compiler/parameters/chains.ts';
import { rescaleKinds } from '../../../../compiler/parameters/rescale-kinds.ts';
import { manageProgram, optimiseProgram } from '../../../../compiler/parameters/pipelines.ts';
import { Constant } from '../../../../ir/constant.ts';
import { HeBuilder, type HeModule, opCount } from '../../../../ir/he/module.ts';
import { HE } from '../../../../ir/he/ops.ts';
import { PlaintextBuilder } from '../../../../ir/he/plaintexts.ts';
import { lastUses } from '../../../../ir/he/last-uses.ts';
import { usesPlaintextB, usesValueA, usesValueB } from '../../../../ir/he/traits.ts';
import { PlaintextSlots } from '../../../../ir/interpret/plaintext-slots.ts';
import type { PlanModule } from '../../../../ir/plan/plan.ts';
import { verify } from '../../../../ir/verify.ts';
import { PassManager } from '../../../../passes/manager.ts';
import { placeRescales, type RescaleOptions } from '../../../../passes/he/rescale-lazily.ts';
import { scheduleProgram } from '../../../../passes/he/scheduling/schedule.ts';
import { arbitraryProgram, countOps, programInputs } from '../../../support/arbitrary-programs.ts';
import { expectSameValues } from '../../../support/same-values.ts';
import { casesOf } from '../../../support/setup/suite.ts';

const degree = 8192;
const options = { slots: degree / 2, depth: 4, actions: 24 };

interface Managed {
  readonly chain: Chain;
  readonly program: HeModule;
}

/** The program with its rescales placed in every way, and of up to two levels more where products with one are needed. */
function manageAll(before: HeModule): { readonly optimised: HeModule; readonly managed: readonly Managed[] } {
  const manager = new PassManager([]);
  const optimised = optimiseProgram(before, manager);
  const managed = rescalings.flatMap((rescaling) => {
    const kinds = rescaleKinds(placeRescales(optimised, rescaling).module);
    for (const extra of [0, 1, 2]) {
      const longer = [...Array.from({ length: extra }, () => 'plain' as const), ...kinds];
      const carried = chainsFor(degree, { ...rescaling, kinds: longer }, 0).flatMap((chain) => {
        const program = manageUnlessUnfit(optimised, manager, chain);
        return program === undefined ? [] : [{ chain, program }];
      });
      if (carried.length > 0) return carried;
    }
    return [];
  });
  if (managed.length === 0) throw new Error('no chain carries the program');
  return { optimised, managed };
}

const rescalings: readonly RescaleOptions[] = (['rescaled', 'unrescaled'] as const).flatMap((last) => [
  { last, defer: 0, late: false },
  { last, defer: 1, late: false },
  { last, defer: 1, late: true },
  { last, defer: 9, late: false },
  { last, defer: 9, late: true },
]);

function manageUnlessUnfit(program: HeModule, manager: PassManager, chain: Chain): HeModule | undefined {
  const managed = manageProgram(program, manager, chain);
  return 'needs' in managed ? undefined : managed;
}

describe.each([false, true])('random programs, with encrypted weights: %s', (weights) => {
  const program = arbitraryProgram({ ...options, weights });

  test('have sound levels and scales under some chain, and the same values', () => {
    fc.assert(
      fc.property(program, fc.nat(), (before, seed) => {
        // The manager verifies what every pass leaves.
        for (const { program: after } of manageAll(before).managed) expectSameValues(after, before, seed);
      }),
      { numRuns: casesOf({ normal: 10, nightly: 60 }) },
    );
  });

  test('encode every plaintext at a scale that says something', () => {
    fc.assert(
      fc.property(program, (before) => {
        for (const { program: after } of manageAll(before).managed) {
          const { op, scale, plainScale } = after.columns;
          const least = 7.9;
          for (let id = 0; id < op.length; id++) {
            if (usesPlaintextB(op[id] ?? 0)) expect(Math.log2(plainScale[id] ?? 0), `%${id}`).toBeGreaterThan(least);
            if (op[id] === HE.weight) expect(Math.log2(scale[id] ?? 0), `%${id}`).toBeGreaterThan(least);
          }
        }
      }),
      { numRuns: casesOf({ normal: 20, nightly: 200 }) },
    );
  });

  test('are scheduled soundly', () => {
    fc.assert(
      fc.property(program, fc.nat(), (before, seed) => {
        for (const { program: managed } of manageAll(before).managed.slice(0, 1)) {
          const plan = scheduleProgram(managed);
          expect(verify(plan).map(({ message }) => message)).toEqual([]);
          expect(opCount({ ...plan, level: 'he' })).toBeLessThanOrEqual(opCount(managed));
          expectSameValues(plan, before, seed);
          expectSameOutputs(plan, before, seed);
        }
      }),
      { numRuns: casesOf({ normal: 10, nightly: 60 }) },
    );
  });
});

/** Runs the plan on its buffers alone: a buffer that is taken too early changes an output. */
function expectSameOutputs(plan: PlanModule, before: HeModule, seed: number): void {
  const outputs = new Map<number, Float64Array>();
  const { columns, schedule, slots } = plan;
  const inputs = programInputs(before, seed);
  const plaintexts = new PlaintextSlots(plan);
  const arena: Float64Array[] = [];
  const bufferOf = (id: number): Float64Array => arena[schedule.buffer[id] ?? -1] ?? new Float64Array();
  for (let id = 0; id < columns.op.length; id++) {
    const code = columns.op[id] ?? 0;
    const imm = columns.imm[id] ?? 0;
    const x = usesValueA(code) ? bufferOf(columns.a[id] ?? -1) : new Float64Array();
    const plain = usesPlaintextB(code) ? (columns.b[id] ?? -1) : code === HE.weight ? (columns.a[id] ?? -1) : undefined;
    const y = plain !== undefined ? plaintexts.at(plain, 1) : usesValueB(code) ? bufferOf(columns.b[id] ?? -1) : x;
    const input = inputs[imm];
    const result = Float64Array.from({ length: slots }, (_, s) => {
      const [p, q] = [x[s] ?? 0, y[s] ?? 0];
      if (code === HE.input) return input?.[s] ?? 0;
      if (code === HE.weight) return q;
      if (code === HE.rotate) return x[(s + imm) % slots] ?? 0;
      if (code === HE.add || code === HE['add-plain']) return p + q;
      return code === HE.multiply || code === HE['multiply-plain'] ? p * q : p;
    });
    arena[schedule.buffer[id] ?? -1] = result;
    if (code === HE.output) outputs.set(imm, result);
  }
  expectSameValues(
    [...outputs].sort(([i], [j]) => i - j).map(([, result]) => result),
    before,
    seed,
  );
}

describe('schedules', () => {
  const count = 300;

  /** Σ rotate_i(x) · p, either term by term or all products first. */
  function rotatedSum(termByTerm: boolean): HeModule {
    const builder = new HeBuilder();
    const plaintexts = new PlaintextBuilder();
    const plaintext = plaintexts.add({ source: 0, tile: 0, shift: 0, inner: 1 });
    const x = builder.add('input');
    const products: number[] = [];
    let sum: number | undefined;
    const include = (product: number): void => {
      sum = sum === undefined ? product : builder.add('add', { a: sum, b: product });
    };
    for (let i = 1; i <= count; i++) {
      const rotated = builder.add('rotate', { a: x, imm: i });
      const product = builder.add('multiply-plain', { a: rotated, b: plaintext });
      if (termByTerm) include(product);
      else products.push(product);
    }
    products.forEach(include);
    builder.add('output', { a: sum ?? x });
    return {
      level: 'he',
      name: 'rotated sum',
      slots: 4096,
      columns: builder.build(),
      plaintexts: plaintexts.build(),
      packed: [new Constant([1, 1], Float64Array.of(1))],
      origins: [[]],
    };
  }

  test.each([true, false])('take the summands of a long sum one by one; term by term before: %s', (termByTerm) => {
    // A group ends after 16 rows: at most so many rotations of its summands are alive at once.
    expect(peakCiphertexts(scheduleProgram(rotatedSum(termByTerm)))).toBeLessThan(16);
  });

  test('need at most twice the ciphertexts of any order that a program came in', () => {
    fc.assert(
      fc.property(arbitraryProgram({ ...options, slots: 16, weights: true }), (before) => {
        const optimised = optimiseProgram(before, new PassManager([]));
        expect(peakCiphertexts(scheduleProgram(optimised))).toBeLessThanOrEqual(2 * peakCiphertexts(optimised));
      }),
      { numRuns: casesOf({ normal: 50, nightly: 500 }) },
    );
  });

  test('have an input that nobody reads, an output that is an input, and a value that is two outputs', () => {
    const builder = new HeBuilder();
    const x = builder.add('input', { imm: 0 });
    builder.add('input', { imm: 1 });
    for (const imm of [0, 1]) builder.add('output', { a: x, imm });
    const before: HeModule = {
      level: 'he',
      name: 'wires',
      slots: options.slots,
      columns: builder.build(),
      plaintexts: new PlaintextBuilder().build(),
      packed: [],
      origins: [[]],
    };
    const { optimised, managed } = manageAll(before);
    expect(countOps(optimised, 'input')).toBe(1);
    for (const { program } of managed) {
      const plan = scheduleProgram(program);
      expect(verify(plan)).toEqual([]);
      expectSameOutputs(plan, before, 1);
    }
    // Scheduled as it is, the input stays.
    expect(countOps(scheduleProgram(before), 'input')).toBe(2);
  });
});

/** The most values alive at once, operands and result of an op included. */
function peakCiphertexts(module: Pick<HeModule, 'columns'>): number {
  const { op, a, b } = module.columns;
  const last = lastUses(module);
  let alive = 0;
  let peak = 0;
  for (let id = 0; id < op.length; id++) {
    const code = op[id] ?? 0;
    if (code !== HE.output) alive++;
    peak = Math.max(peak, alive);
    const operands = [usesValueA(code) ? (a[id] ?? -1) : -1, usesValueB(code) ? (b[id] ?? -1) : -1];
    for (const operand of new Set(operands)) if (operand !== -1 && last[operand] === id) alive--;
    if (last[id] === -1 && code !== HE.output) alive--;
  }
  return peak;
}
