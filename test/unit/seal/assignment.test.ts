/** Sharing a program among workers: who computes what, and what goes between them. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HeColumns } from '../../../ir/he/module.ts';
import { usesValueA, usesValueB } from '../../../ir/he/module.ts';
import { HE } from '../../../ir/he/ops.ts';
import { assignRows, isReplicated } from '../../../runtime/engines/seal-wasm/assign-rows.ts';
import { type ExchangePlan, planExchange } from '../../../runtime/engines/seal-wasm/exchange-plan.ts';
import { divideHeap } from '../../../runtime/engines/seal-wasm/memory.ts';
import { peakCiphertextBytes, workerProgram } from '../../../runtime/engines/seal-wasm/worker-program.ts';
import { deepParameters, ProgramWriter } from './programs.ts';
import { programArbitrary, writeProgram } from './random-programs.ts';

const degree = deepParameters.polyModulusDegree;

const sharedPrograms = fc
  .record({
    actions: programArbitrary,
    rowsPerGroup: fc.integer({ min: 1, max: 4 }),
    workers: fc.integer({ min: 1, max: 4 }),
  })
  .map(({ actions, rowsPerGroup, workers }) => {
    const { plan } = writeProgram(deepParameters, 2 ** 36, actions, rowsPerGroup);
    const { columns } = plan.program;
    const workerOf = assignRows(columns, plan.schedule.group, workers);
    return {
      columns,
      group: plan.schedule.group,
      workers,
      workerOf,
      exchange: planExchange(columns, workerOf, degree),
    };
  });

test('groups stay together, and each row but inputs runs exactly once', () => {
  fc.assert(
    fc.property(sharedPrograms, ({ columns, group, workers, workerOf }) => {
      const runs = new Int32Array(columns.op.length);
      for (let w = 0; w < workers; w++)
        for (const row of workerProgram(columns, workerOf, w).rows) runs[row] = (runs[row] ?? 0) + 1;
      const workerOfGroup = new Map<number, number>();
      for (const [row, code] of columns.op.entries()) {
        if (isReplicated(code)) continue;
        expect(runs[row]).toBe(1);
        const worker = workerOf[row] ?? -1;
        expect(workerOfGroup.get(group[row] ?? -1) ?? worker).toBe(worker);
        workerOfGroup.set(group[row] ?? -1, worker);
      }
    }),
  );
});

/** Runs all workers by turns, one row each, waiting as they would; whether all come to their end. */
function simulate(columns: HeColumns, workerOf: Uint8Array, workers: number, exchange: ExchangePlan): boolean {
  const parts = Array.from({ length: workers }, (_, w) => workerProgram(columns, workerOf, w));
  const position = parts.map(() => 0);
  const present = parts.map(() => new Set<number>());
  const written = new Set<number>();
  const reads = new Int32Array(exchange.size.length);
  const holder = new Map<number, number>();
  for (let moved = true; moved;) {
    moved = false;
    parts.forEach(({ rows }, w) => {
      const row = rows[position[w] ?? 0];
      const mine = present[w];
      if (row === undefined || mine === undefined) return;
      const code = columns.op[row] ?? 0;
      const operands = [
        ...(usesValueA(code) ? [columns.a[row] ?? 0] : []),
        ...(usesValueB(code) ? [columns.b[row] ?? 0] : []),
      ];
      for (const value of operands) {
        if (mine.has(value)) continue;
        const transfer = exchange.transferOf[value] ?? -1;
        expect(transfer).not.toBe(-1);
        if (!written.has(transfer)) return;
        expect(holder.get(exchange.offset[transfer] ?? -1)).toBe(transfer);
        reads[transfer] = (reads[transfer] ?? 0) + 1;
        mine.add(value);
        moved = true;
      }
      const transfer = exchange.transferOf[row] ?? -1;
      if (transfer !== -1) {
        const previous = exchange.previous[transfer] ?? -1;
        if (previous !== -1 && reads[previous] !== exchange.readers[previous]) return;
        written.add(transfer);
        holder.set(exchange.offset[transfer] ?? -1, transfer);
      }
      mine.add(row);
      position[w] = (position[w] ?? 0) + 1;
      moved = true;
    });
  }
  return parts.every(({ rows }, w) => position[w] === rows.length);
}

test('the exchange comes to its end, and no region is overwritten too early', () => {
  fc.assert(
    fc.property(sharedPrograms, ({ columns, workers, workerOf, exchange }) => {
      expect(simulate(columns, workerOf, workers, exchange)).toBe(true);
    }),
  );
});

test('two independent halves go to two workers', () => {
  const writer = new ProgramWriter(deepParameters, 2 ** 36);
  for (let half = 0; half < 2; half++) {
    const x = writer.input();
    writer.output(writer.rotate(writer.rotate(x, 1), 2));
  }
  const { program, schedule } = writer.plan(4);
  const workerOf = assignRows(program.columns, schedule.group, 2);
  const outputs = [...program.columns.op.keys()].filter((row) => program.columns.op[row] === HE.output);
  expect(new Set(outputs.map((row) => workerOf[row])).size).toBe(2);
  expect(planExchange(program.columns, workerOf, degree).totalBytes).toBe(0);
});

test('regions are used again', () => {
  const writer = new ProgramWriter(deepParameters, 2 ** 36);
  let x = writer.input();
  for (let i = 0; i < 10; i++) x = writer.rotate(x, 1);
  writer.output(x);
  const { program } = writer.plan();
  const alternating = Uint8Array.from(program.columns.op, (_, row) => row % 2);
  const exchange = planExchange(program.columns, alternating, degree);
  expect(exchange.size.length).toBe(10);
  expect(exchange.totalBytes).toBe(2 * (exchange.size[0] ?? 0));
});

test('the peak counts what lives at once', () => {
  const writer = new ProgramWriter(deepParameters, 2 ** 36);
  const x = writer.input();
  const parts = [1, 2, 3].map((step) => writer.rotate(x, step));
  const [first = x, ...rest] = parts;
  writer.output(rest.reduce((a, b) => writer.sum(a, b), first));
  const { program } = writer.plan();
  const part = workerProgram(program.columns, new Uint8Array(program.columns.op.length), 0);
  // The input and the three rotations.
  expect(peakCiphertextBytes(program.columns, deepParameters, part)).toBe(4 * 2 * 4 * degree * 8);
});

test('a heap that keys alone overfill is refused; what is left over goes to weights', () => {
  const gibibyte = 2 ** 30;
  const refused = divideHeap(deepParameters, 2 * gibibyte, 1e6, 1e6, gibibyte);
  expect(refused.problems.map(({ code }) => code)).toEqual(['H631']);
  const tight = divideHeap(deepParameters, gibibyte, 1e6, 4 * gibibyte, 4 * gibibyte);
  expect(tight.problems).toEqual([]);
  expect(tight.plaintextBudgetBytes).toBeGreaterThan(0);
  expect(tight.plaintextBudgetBytes).toBeLessThan(1.3 * gibibyte);
  expect(divideHeap(deepParameters, 1e6, 1e6, 5e6, gibibyte).plaintextBudgetBytes).toBe(5e6);
});
