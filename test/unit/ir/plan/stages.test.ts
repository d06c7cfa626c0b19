/** Programs with refreshes cut into stages: each is a program by itself, and all together compute the same. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { columnNames, type HeColumns, type HeModule } from '../../../../ir/he/module.ts';
import { operandsOf } from '../../../../ir/he/operands.ts';
import { roundsOf } from '../../../../ir/he/rounds.ts';
import { isInput, isOutput, restoresLevel, usesValueA, usesValueB } from '../../../../ir/he/traits.ts';
import { evaluateHe } from '../../../../ir/interpret/he.ts';
import { refreshRounds, type Stage, type StageInput, stagesOf } from '../../../../ir/plan/stages.ts';
import { HeRewriter } from '../../../../passes/base/he-rewriter.ts';
import { dropUnused } from '../../../../passes/he/drop-unused.ts';
import { scheduleProgram } from '../../../../passes/he/scheduling/schedule.ts';
import { arbitraryProgram } from '../../../support/arbitrary-programs.ts';
import { seededRandom } from '../../../../ir/random.ts';
import { casesOf } from '../../../support/setup/suite.ts';

const slots = 8;

/** The program with some values refreshed, in the order of its rounds. */
const program = fc
  .record({
    module: arbitraryProgram({ slots, depth: 3, weights: false, actions: 25 }),
    refreshed: fc.array(fc.nat(60), { minLength: 0, maxLength: 5 }),
  })
  .map(({ module, refreshed }): HeModule => {
    const { op } = module.columns;
    const rewriter = new HeRewriter(module);
    for (let id = 0; id < op.length; id++) {
      rewriter.keep(id);
      if (refreshed.some((row) => row % op.length === id) && !isOutput(op[id] ?? -1))
        rewriter.replace(id, rewriter.insert(id, 'refresh', { a: rewriter.at(id) }));
    }
    return { ...scheduleProgram(dropUnused(rewriter.finish())), level: 'he' };
  });

/** The rows of a stage as a program: operands, inputs and outputs numbered from zero on. */
function moduleOf(module: HeModule, stages: readonly Stage[], k: number): HeModule {
  const { columns } = stagesOf(module.columns);
  const { firstRow = 0, firstInput = 0, firstOutput = 0 } = stages[k] ?? {};
  const end = stages[k + 1]?.firstRow ?? columns.op.length;
  const cut = Object.fromEntries(columnNames.map((name) => [name, columns[name].slice(firstRow, end)])) as Record<
    keyof HeColumns,
    never
  > as HeColumns;
  for (const [row, code] of cut.op.entries()) {
    if (usesValueA(code)) cut.a[row] = (cut.a[row] ?? 0) - firstRow;
    if (usesValueB(code)) cut.b[row] = (cut.b[row] ?? 0) - firstRow;
    if (isInput(code)) cut.imm[row] = (cut.imm[row] ?? 0) - firstInput;
    if (isOutput(code)) cut.imm[row] = (cut.imm[row] ?? 0) - firstOutput;
  }
  return { ...module, columns: cut };
}

test('stage by stage, values that are given from one to another, a program computes what it does at once', () => {
  fc.assert(
    fc.property(program, fc.nat(), (module, seed) => {
      const { op } = module.columns;
      const inputs: Float64Array[] = [];
      for (const [row, code] of op.entries())
        if (isInput(code))
          inputs[module.columns.imm[row] ?? 0] = Float64Array.from({ length: slots }, (_, s) =>
            seededRandom(seed + row + s).uniform(),
          );
      const expected = evaluateHe(module, inputs);

      const { columns, stages } = stagesOf(module.columns);
      expect(columns.op.some(restoresLevel)).toBe(false);
      const there = new Map<string, Float64Array>();
      const outputs: Float64Array[] = [];
      const keyOf = (input: StageInput): string => JSON.stringify(input);
      for (const [index, values] of inputs.entries()) there.set(keyOf({ from: 'inputs', index }), values);
      for (const [k, { inputs: read, outputs: given }] of stages.entries()) {
        const own = moduleOf(module, stages, k);
        for (let row = 0; row < own.columns.op.length; row++)
          for (const operand of operandsOf(own.columns, row)) expect(operand).toBeGreaterThanOrEqual(0);
        const results =
          given.length === 0
            ? []
            : evaluateHe(
                own,
                read.map((input) => there.get(keyOf(input)) ?? new Float64Array()),
              );
        for (const [i, use] of given.entries()) {
          const values = results[i] ?? new Float64Array();
          if (use.to === 'outputs') outputs[use.index] = values;
          else if (use.to === 'keep') there.set(keyOf({ from: 'kept', value: use.value }), values);
          else there.set(keyOf({ from: 'refreshed', round: k + 1, number: use.number }), values);
        }
      }
      expect(outputs).toEqual(expected);
      const rounds = refreshRounds(module.columns);
      expect(stages).toHaveLength(rounds.length + 1);
      for (const [k, round] of rounds.entries())
        expect(stages[k]?.outputs.filter(({ to }) => to === 'refresh')).toHaveLength(round.length);
    }),
    { numRuns: casesOf({ normal: 200, nightly: 5000 }) },
  );
});

test('a program without refreshes is one stage, and its rows are the same', () => {
  fc.assert(
    fc.property(arbitraryProgram({ slots, depth: 3, weights: true, actions: 20 }), ({ columns }) => {
      const staged = stagesOf(columns);
      expect(staged.columns).toBe(columns);
      expect(staged.stages).toHaveLength(1);
      expect(roundsOf(columns).every((round) => round === 0)).toBe(true);
      expect(refreshRounds(columns)).toEqual([]);
    }),
    { numRuns: 50 },
  );
});
