/** What several workers gain at best. */
import { expect, test } from 'vitest';
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { parallelBound } from '../../../costs/parallel-bound.ts';
import { deepParameters, ProgramWriter } from '../runtime/engines/seal-wasm/programs.ts';

const newWriter = (): ProgramWriter => new ProgramWriter(deepParameters, 2 ** 36);

test('a chain gains nothing, independent halves are shared evenly', () => {
  const chain = newWriter();
  let x = chain.input();
  for (let i = 0; i < 5; i++) x = chain.sum(x, chain.rotate(x, 1 << i));
  chain.output(x);
  expect(parallelBound(chain.plan().program)).toBeCloseTo(1, 2);

  const halves = newWriter();
  for (let half = 0; half < 2; half++) halves.output(halves.rotate(halves.input(), 1));
  expect(parallelBound(halves.plan().program)).toBeCloseTo(2, 6);
  expect(parallelBound(halves.plan().program, 4)).toBeCloseTo(2, 6);
});

test('what is between two key switches that all else waits for is bounded by itself', () => {
  const writer = newWriter();
  const first = writer.rotate(writer.input(), 1);
  const branches = [2, 3, 4, 5].map((step) => writer.rotate(first, step));
  const [sum = first, ...rest] = branches;
  writer.output(
    writer.rotate(
      rest.reduce((a, b) => writer.sum(a, b), sum),
      6,
    ),
  );
  const { program } = writer.plan();
  // Six rotations, of which four can be shared: all in 6 / 4 with two workers, 6 / 3 with four, up to sums.
  expect(parallelBound(program, 2)).toBeGreaterThan(1.4);
  expect(parallelBound(program, 2)).toBeLessThan(1.5);
  expect(parallelBound(program, 4)).toBeGreaterThan(1.8);
  expect(parallelBound(program, 4)).toBeLessThan(2);
});

test('an output that others do not wait for is no meeting point', () => {
  const writer = newWriter();
  const x = writer.input();
  writer.output(writer.rotate(x, 1));
  writer.output(writer.rotate(x, 2));
  expect(parallelBound(writer.plan().program)).toBeGreaterThan(1.7);
});

test('costs need levels', () => {
  const { program } = ((): ReturnType<ProgramWriter['plan']> => {
    const writer = newWriter();
    writer.output(writer.input());
    return writer.plan();
  })();
  const { columns } = program;
  expect(() => parallelBound({ columns })).toThrow(InternalError);
});
