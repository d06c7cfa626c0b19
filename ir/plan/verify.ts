/**
 * The verifier of the `plan` level. Invariants, besides those of a managed `he` program:
 *
 * - the program has parameters, and the schedule a row for each op (H259);
 * - no row stands before one that fewer round trips precede (H259);
 * - every value but inputs and outputs is read (H259);
 * - a value is freed exactly by the row that reads it last: that row, and no other, has the flag of the operand. Where
 *   both operands are the same value, either flag or both will do (H259);
 * - a result never lies in the buffer of a value that is alive: one that a later row reads, or that the row itself
 *   reads. Only an `output` may take over the buffer of its operand, where it frees it; outputs live to the end (H259);
 * - buffers are not negative, and there are no more of them than ops; groups are numbered 0, 1, … without gaps (H259).
 * That nothing is read after it was freed follows.
 */
import type { Diagnostic, Place } from '../diagnostics/diagnostic.ts';
import { badSchedule } from '../diagnostics/verify.ts';
import { placeInProgram, verifyHe } from '../he/verify.ts';
import { lastUses } from '../he/last-uses.ts';
import { roundsOf } from '../he/rounds.ts';
import { isInput, isOutput, usesValueA, usesValueB } from '../he/traits.ts';
import { Reports } from '../reports.ts';
import { FREES_A, FREES_B, type PlanModule } from './plan.ts';

/** What is wrong with `module`; `locate` gives the place of a value. Never throws. */
export function verifyPlan(module: PlanModule, locate?: (id: number) => Place): Diagnostic[] {
  const program = verifyHe(module, locate);
  if (program.length > 0) return program;
  const reports = new Reports(locate ?? ((id) => placeInProgram(module, id)));
  const { op } = module.columns;
  const { buffer, frees, group } = module.schedule;
  if (module.parameters === undefined) reports.module(badSchedule, 'the program has no parameters');
  if ([buffer, frees, group].some((column) => column.length !== op.length))
    reports.module(badSchedule, 'the schedule has not one row for each op');
  if (reports.diagnostics.length > 0) return reports.diagnostics;
  verifyRounds(module, reports);
  verifyBuffers(module, reports);
  verifyGroups(group, reports);
  return reports.diagnostics;
}

function verifyRounds({ columns }: PlanModule, reports: Reports): void {
  const rounds = roundsOf(columns);
  for (let id = 1; id < rounds.length && !reports.full; id++)
    if ((rounds[id] ?? 0) < (rounds[id - 1] ?? 0))
      reports.at(
        id,
        badSchedule,
        `round ${rounds[id - 1] ?? 0} has begun, and this row is of round ${rounds[id] ?? 0}`,
      );
}

function verifyBuffers(module: PlanModule, reports: Reports): void {
  const { op, a, b } = module.columns;
  const { buffer, frees } = module.schedule;
  const lastUse = lastUses(module);
  /** The living value in each buffer, −1 for none. */
  const holder = new Int32Array(op.length).fill(-1);
  for (let id = 0; id < op.length && !reports.full; id++) {
    const code = op[id] ?? -1;
    const operandA = usesValueA(code) ? (a[id] ?? -1) : -1;
    const operandB = usesValueB(code) ? (b[id] ?? -1) : -1;
    const flags = frees[id] ?? 0;
    verifyFrees(id, operandA, operandB, flags);

    const own = buffer[id] ?? -1;
    if (own < 0 || own >= op.length) {
      reports.at(id, badSchedule, `buffer ${own} is not one of ${op.length}`);
      continue;
    }
    const living = holder[own] ?? -1;
    const takesOver = isOutput(code) && living === operandA && lastUse[operandA] === id;
    if (living !== -1 && !takesOver)
      reports.at(id, badSchedule, `its buffer ${own} holds %${living}, which is still needed`);
    for (const operand of [operandA, operandB]) {
      if (operand !== -1 && lastUse[operand] === id) holder[buffer[operand] ?? 0] = -1;
    }
    const isRead = lastUse[id] !== -1;
    holder[own] = isRead || isOutput(code) ? id : -1;
    if (!isRead && !isOutput(code) && !isInput(code)) reports.at(id, badSchedule, 'nothing reads it');
  }

  function verifyFrees(id: number, operandA: number, operandB: number, flags: number): void {
    const lastA = operandA !== -1 && lastUse[operandA] === id;
    const lastB = operandB !== -1 && lastUse[operandB] === id;
    const freesA = (flags & FREES_A) !== 0;
    const freesB = (flags & FREES_B) !== 0;
    const same = operandA === operandB;
    if ((flags & ~(FREES_A | FREES_B)) !== 0) reports.at(id, badSchedule, `unknown flags ${flags} of frees`);
    else if (same && operandA !== -1 ? (freesA || freesB) !== lastA : freesA !== lastA || freesB !== lastB) {
      const wrong = same || freesA !== lastA ? operandA : operandB;
      const does = wrong !== -1 && lastUse[wrong] === id ? 'does not free' : 'frees';
      const why = does === 'frees' ? 'it does not read that for the last time' : 'nothing reads that later';
      reports.at(id, badSchedule, wrong === -1 ? 'frees an operand that it has not' : `${does} %${wrong}, but ${why}`);
    }
  }
}

function verifyGroups(group: Int32Array, reports: Reports): void {
  const present = new Uint8Array(group.length);
  for (let id = 0; id < group.length; id++) {
    const g = group[id] ?? -1;
    if (g < 0 || g >= group.length) reports.at(id, badSchedule, `group ${g} is not one of ${group.length}`);
    else present[g] = 1;
  }
  const gap = present.indexOf(0);
  if (gap !== -1 && present.lastIndexOf(1) > gap) reports.module(badSchedule, `group ${gap} is empty`);
}
