/** Places of values: none overlap while both live, and little room is lost between them. */
import type { Parameters } from '../../../../../../ir/parameters.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  FreeSpace,
  layOut,
  type LaidOutProgram,
  placeBytes,
} from '../../../../../../runtime/engines/simd/program/arena.ts';
import { fuseProgram } from '../../../../../../runtime/engines/simd/program/fuse-program.ts';
import { lastReads, operandsOf, targetOf } from '../../../../../../runtime/engines/simd/program/steps.ts';
import { exampleModels, mnistImages, modelBytes } from '../../../../../support/mnist.ts';
import { compileBytes } from '../../../../../support/run-plans.ts';
import { managedProgram } from '../random-programs.ts';
import { casesOf, isNightly } from '../../../../../support/setup/suite.ts';

const parameters: Parameters = {
  polyModulusDegree: 4096,
  primes: Array.from({ length: 64 }, (_, k) => k + 1),
  specialPrimes: [65],
};

test('no value lies where another lives', () => {
  fc.assert(
    fc.property(managedProgram, fc.boolean(), ({ columns }, doubleHoisting) => {
      const program = layOut(fuseProgram(columns, { doubleHoisting }), parameters);
      const last = lastReads(program);
      const live = new Set<number>();
      for (const [index, step] of program.steps.entries()) {
        for (const value of operandsOf(step)) expect(live.has(value)).toBe(true);
        const dying = new Set(operandsOf(step).filter((value) => last[value] === index));
        const target = targetOf(step);
        if (target !== -1) {
          const [start, end] = place(program, target);
          expect(start).toBeGreaterThanOrEqual(0);
          expect(end).toBeLessThanOrEqual(program.arenaBytes);
          for (const other of live) {
            const [otherStart, otherEnd] = place(program, other);
            const inPlace = dying.has(other) && otherStart === start;
            expect(inPlace || end <= otherStart || otherEnd <= start).toBe(true);
          }
          live.add(target);
        }
        for (const value of dying) live.delete(value);
      }
    }),
    { numRuns: casesOf({ normal: 80, nightly: 200 }) },
  );
});

test.each(exampleModels.filter(({ name }) => isNightly || name === 'cryptonets'))(
  '$name loses little room between values',
  ({ name, maxError }) => {
    const { program } = compileBytes(modelBytes(name), { samples: mnistImages().slice(128), maxError }).plan;
    const laidOut = layOut(fuseProgram(program.columns), program.parameters);
    expect(laidOut.arenaBytes).toBeLessThanOrEqual(1.05 * mostLiveBytes(laidOut, program.parameters));
  },
);

describe('free space', () => {
  test('gives what is free, joins gaps, and is empty again in the end', () => {
    const requests = fc.array(fc.record({ bytes: fc.integer({ min: 1, max: 40 }), free: fc.nat(1000) }), {
      minLength: 1,
      maxLength: 120,
    });
    fc.assert(
      fc.property(requests, (list) => {
        const space = new FreeSpace();
        const taken = new Map<number, number>();
        for (const { bytes, free } of list) {
          const start = space.take(bytes);
          for (const [other, length] of taken) expect(start + bytes <= other || other + length <= start).toBe(true);
          taken.set(start, bytes);
          if (free % 3 === 0) continue;
          const [address = 0, length = 0] = [...taken][free % taken.size] ?? [];
          taken.delete(address);
          space.give(address, length);
        }
        for (const [start, bytes] of taken) space.give(start, bytes);
        const { most } = space;
        expect(space.take(most)).toBe(0);
        expect(space.most).toBe(most);
      }),
    );
  });

  test('takes the smallest gap that is large enough', () => {
    const space = new FreeSpace();
    const [large, , small] = [30, 1, 20, 1].map((bytes) => space.take(bytes));
    space.give(large ?? -1, 30);
    space.give(small ?? -1, 20);
    expect(space.take(20)).toBe(small);
    expect(space.take(25)).toBe(large);
    expect(space.take(6)).toBe(52);
  });
});

function place({ offsets, values }: LaidOutProgram, value: number): readonly [number, number] {
  const type = values[value];
  const start = offsets[value] ?? -1;
  return [start, type === undefined ? Infinity : start + placeBytes(parameters, type)];
}

/** Bytes of the values that live at once, with the result of a step beside its operands. */
function mostLiveBytes(program: LaidOutProgram, parameters: Parameters): number {
  const last = lastReads(program);
  const bytes = program.values.map((type) => placeBytes(parameters, type));
  let live = 0;
  let most = 0;
  for (const [index, step] of program.steps.entries()) {
    live += bytes[targetOf(step)] ?? 0;
    most = Math.max(most, live);
    for (const value of new Set(operandsOf(step))) if (last[value] === index) live -= bytes[value] ?? 0;
  }
  return most;
}
