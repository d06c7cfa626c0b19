/** Sharing a program among workers: who computes what, in which order, and what goes between them. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HeColumns, HeModule } from '../../../../../ir/he/module.ts';
import { HE, heOpNames } from '../../../../../ir/he/ops.ts';
import { evaluateHe } from '../../../../../ir/interpret/he.ts';
import { seededRandom } from '../../../../../ir/random.ts';
import { divideProgram } from '../../../../../runtime/engines/seal-wasm/tasks/divide-program.ts';
import { type ExchangePlan, planExchange } from '../../../../../runtime/engines/exchange/exchange-plan.ts';
import { divideHeap } from '../../../../../runtime/engines/seal-wasm/memory.ts';
import { operandsOf } from '../../../../../ir/he/operands.ts';
import { isReplicated } from '../../../../../runtime/engines/seal-wasm/tasks/tasks.ts';
import { peakCiphertextBytes, workerProgram } from '../../../../../runtime/engines/seal-wasm/worker-program.ts';
import { deepParameters, ProgramWriter, smallParameters } from './programs.ts';
import { programArbitrary, writeProgram } from './random-programs.ts';

const degree = deepParameters.polyModulusDegree;

const sharedPrograms = fc
  .record({
    actions: programArbitrary,
    rowsPerGroup: fc.integer({ min: 1, max: 4 }),
    workers: fc.integer({ min: 1, max: 4 }),
  })
  .map(({ actions, rowsPerGroup, workers }) => {
    const { plan } = writeProgram(smallParameters, 2 ** 28, actions, rowsPerGroup);
    const divided = divideProgram(plan.program.columns, plan.schedule.group, workers);
    const exchange = planExchange(divided.columns, divided.workerOf, degree);
    return { program: plan.program, divided, workers, exchange };
  });

function countsOf({ op }: HeColumns): Map<string, number> {
  const counts = new Map<string, number>();
  for (const code of op) {
    const name = heOpNames[code] ?? '';
    if (!isReplicated(code)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

test('every operation of the plan runs once, after its operands', () => {
  fc.assert(
    fc.property(sharedPrograms, ({ program, divided: { columns, workerOf, planRow }, workers }) => {
      expect(countsOf(columns)).toEqual(countsOf(program.columns));
      const parts = Array.from({ length: workers }, (_, w) => [...workerProgram(columns, workerOf, w).rows]);
      expect(parts.flat().sort((x, y) => x - y)).toEqual([...columns.op.keys()]);
      for (const [row, code] of columns.op.entries()) {
        for (const operand of operandsOf(columns, row)) expect(operand).toBeLessThan(row);
        expect(program.columns.op[planRow[row] ?? -1]).toBe(code);
      }
    }),
  );
});

test('a divided program computes what the plan does', () => {
  fc.assert(
    fc.property(sharedPrograms, fc.nat(), ({ program, divided }, seed) => {
      const random = seededRandom(seed);
      const inputs = [0, 1].map(() => Float64Array.from({ length: program.slots }, () => random.uniform()));
      const expected = evaluateHe(program, inputs);
      const shared: HeModule = { ...program, columns: divided.columns };
      for (const [i, output] of evaluateHe(shared, inputs).entries()) {
        const differences = output.map((value, s) => Math.abs(value - (expected[i]?.[s] ?? Number.NaN)));
        expect(differences.reduce((most, x) => Math.max(most, x), 0)).toBeLessThan(1e-12);
      }
    }),
    { numRuns: 30 },
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
      for (const value of operandsOf(columns, row)) {
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
    fc.property(sharedPrograms, ({ divided: { columns, workerOf }, workers, exchange }) => {
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
  const { columns, workerOf } = divideProgram(program.columns, schedule.group, 2);
  const outputs = [...columns.op.keys()].filter((row) => columns.op[row] === HE.output);
  expect(new Set(outputs.map((row) => workerOf[row])).size).toBe(2);
  expect(planExchange(columns, workerOf, degree).totalBytes).toBe(0);
});

test('of a long sum each worker hands over one ciphertext', () => {
  const writer = new ProgramWriter(deepParameters, 2 ** 36);
  const x = writer.input();
  const rotations = Array.from({ length: 16 }, (_, i) => writer.rotate(x, i + 1));
  writer.output(rotations.reduce((a, b) => writer.sum(a, b)));
  const { program, schedule } = writer.plan();
  const { columns, workerOf } = divideProgram(program.columns, schedule.group, 4);
  expect(planExchange(columns, workerOf, degree).size.length).toBe(3);
  const rotationsOf = [0, 1, 2, 3].map(
    (worker) => columns.op.filter((code, row) => code === HE.rotate && workerOf[row] === worker).length,
  );
  expect(rotationsOf).toEqual([4, 4, 4, 4]);
});

test('a chain stays on one worker', () => {
  const writer = new ProgramWriter(deepParameters, 2 ** 36);
  let x = writer.input();
  for (let i = 0; i < 10; i++) x = writer.sum(x, writer.rotate(x, 1 << i));
  writer.output(x);
  const { program, schedule } = writer.plan();
  const { workerOf } = divideProgram(program.columns, schedule.group, 2);
  expect(new Set(workerOf).size).toBe(1);
});

test('regions are used again', () => {
  const writer = new ProgramWriter(deepParameters, 2 ** 36);
  let x = writer.input();
  for (let i = 0; i < 10; i++) x = writer.rotate(x, 1);
  writer.output(x);
  const { program } = writer.plan();
  // The input stays where it is read.
  const alternating = Uint8Array.from(program.columns.op, (_, row) => Math.max(0, row - 1) % 2);
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
  const refused = divideHeap(
    deepParameters,
    { savedBytes: 2 * gibibyte, aliveBytes: 1e6, encodedBytes: 1e6 },
    gibibyte,
  );
  expect(refused.problems.map(({ code }) => code)).toEqual(['H631']);
  const tight = divideHeap(
    deepParameters,
    { savedBytes: gibibyte, aliveBytes: 1e6, encodedBytes: 4 * gibibyte },
    4 * gibibyte,
  );
  expect(tight.problems).toEqual([]);
  expect(tight.plaintextRoom.inHeap).toBeGreaterThan(0);
  expect(tight.plaintextRoom.inHeap).toBeLessThan(1.3 * gibibyte);
  expect(tight.plaintextRoom.inHeap + tight.plaintextRoom.outside).toBe(4 * gibibyte);
  expect(
    divideHeap(deepParameters, { savedBytes: 1e6, aliveBytes: 1e6, encodedBytes: 5e6 }, gibibyte).plaintextRoom,
  ).toEqual({ inHeap: 5e6, outside: 0 });
  expect(
    divideHeap(deepParameters, { savedBytes: 1e6, aliveBytes: 1e6, encodedBytes: 5e6 }, 2e6).plaintextRoom,
  ).toEqual({ inHeap: 2e6, outside: 0 });
});
