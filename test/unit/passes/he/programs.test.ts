/** Every `he` pass on random programs: it keeps the values, leaves a sound module and never adds work. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { opCount } from '../../../../ir/he/module.ts';
import { HE } from '../../../../ir/he/ops.ts';
import { usesValueA, usesValueB } from '../../../../ir/he/traits.ts';
import { commonSubexpressions } from '../../../../passes/he/common-subexpressions.ts';
import { deadCiphertexts } from '../../../../passes/he/dead-ciphertexts.ts';
import { factorPlaintexts } from '../../../../passes/he/factor-plaintexts.ts';
import { foldRotations } from '../../../../passes/he/fold-rotations.ts';
import { PassManager } from '../../../../passes/manager.ts';
import { relinearizeLazily } from '../../../../passes/he/relinearize-lazily.ts';
import { rescaleLazily } from '../../../../passes/he/rescale-lazily.ts';
import { sinkMasks } from '../../../../passes/he/sink-masks.ts';
import { rotateLate } from '../../../../passes/he/rotate-late.ts';
import { arbitraryProgram, countOps } from '../../../support/arbitrary-programs.ts';
import { expectSameValues } from '../../../support/same-values.ts';
import { casesOf } from '../../../support/setup/suite.ts';

const program = arbitraryProgram({ slots: 16, depth: 4, weights: true, actions: 16 });

const shrinking = [sinkMasks, deadCiphertexts, commonSubexpressions, factorPlaintexts, foldRotations] as const;
const placing = [rescaleLazily, relinearizeLazily, rotateLate] as const;

const counted = ['rotate', 'multiply', 'multiply-plain', 'add', 'add-plain'] as const;

describe.each(shrinking)('$name', (pass) => {
  test('keeps values and adds no work', () => {
    fc.assert(
      fc.property(program, fc.nat(), (before, seed) => {
        const after = new PassManager([]).run(pass, before, {});
        expectSameValues(after, before, seed);
        expect(opCount(after)).toBeLessThanOrEqual(opCount(before));
        for (const op of counted) expect(countOps(after, op), op).toBeLessThanOrEqual(countOps(before, op));
      }),
      { numRuns: casesOf({ normal: 90, nightly: 300 }) },
    );
  });

  test('finds nothing more in its own result', () => {
    fc.assert(
      fc.property(program, (before) => {
        const manager = new PassManager([]);
        const once = manager.run(pass, before, {});
        expect(opCount(manager.run(pass, once, {}))).toBe(opCount(once));
      }),
      { numRuns: casesOf({ normal: 60, nightly: 200 }) },
    );
  });
});

describe.each(placing)('$name', (pass) => {
  test('keeps values, and places the same again', () => {
    fc.assert(
      fc.property(program, fc.nat(), (before, seed) => {
        const manager = new PassManager([]);
        const after = manager.run(pass, before, {});
        expectSameValues(after, before, seed);
        expect(manager.run(pass, after, {}).columns).toEqual(after.columns);
      }),
      { numRuns: casesOf({ normal: 60, nightly: 200 }) },
    );
  });
});

describe('dead-ciphertexts', () => {
  test('leaves nothing that no output depends on', () => {
    fc.assert(
      fc.property(program, (before) => {
        const after = new PassManager([]).run(deadCiphertexts, before, {});
        const { op, a, b } = after.columns;
        const read = new Set([
          ...a.filter((_, id) => usesValueA(op[id] ?? 0)),
          ...b.filter((_, id) => usesValueB(op[id] ?? 0)),
        ]);
        for (let id = 0; id < op.length; id++) expect(read.has(id) || op[id] === HE.output, `%${id}`).toBe(true);
      }),
      { numRuns: casesOf({ normal: 90, nightly: 300 }) },
    );
  });
});
