/** How much several workers can gain on a program at best, by the modelled costs of its operations. */
import { InternalError } from '../ir/diagnostics/diagnostic.ts';
import type { HeColumns } from '../ir/he/module.ts';
import { type CostTable, sealCostTable } from './op-costs.ts';
import { isWeight, usesValueA, usesValueB } from '../ir/he/traits.ts';
import { type CostedProgram, rowCost } from './program-cost.ts';

/**
 * An upper bound of the quotient of the times with one worker and with `workers`, from 1 to `workers`. Between two ops
 * that every other op comes before or after, nothing takes less than the longest way, nor less than all work shared
 * evenly; key switches that follow one another are such ops. Encrypted weights can be loaded at any time and count as
 * work that is shared evenly. Handing values over costs nothing here. Throws `InternalError` for a program without
 * parameters.
 */
export function parallelBound(
  { columns, parameters }: CostedProgram,
  workers = 2,
  table: CostTable = sealCostTable,
): number {
  if (parameters === undefined) throw new InternalError('costs of a program are known once its levels are assigned');
  const { op, a, b } = columns;
  const meets = meetingPoints(columns);
  /** By row: the longest way to its end from the last meeting point. */
  const way = new Float64Array(op.length);
  let total = 0;
  let bound = 0;
  let start = 0;
  let work = 0;
  let longest = 0;
  for (let row = 0; row < op.length; row++) {
    const code = op[row] ?? 0;
    const cost = rowCost(columns, row, parameters, table);
    const x = a[row] ?? -1;
    const y = b[row] ?? -1;
    const wayA = usesValueA(code) && x >= start ? (way[x] ?? 0) : 0;
    const wayB = usesValueB(code) && y >= start ? (way[y] ?? 0) : 0;
    way[row] = isWeight(code) ? 0 : Math.max(wayA, wayB) + cost;
    longest = Math.max(longest, way[row] ?? 0);
    work += cost;
    total += cost;
    if (meets[row] === 0 && row < op.length - 1) continue;
    bound += Math.max(longest, work / workers);
    [start, work, longest] = [row + 1, 0, 0];
  }
  return total === 0 ? 1 : total / bound;
}

/** 1 for each row that every other one, weights apart, comes before or after, whichever way they are put in order. */
function meetingPoints({ op, a, b }: HeColumns): Uint8Array {
  const rows = op.length;
  const firstUse = new Int32Array(rows).fill(rows);
  const lastOperand = new Int32Array(rows).fill(-1);
  for (let row = rows - 1; row >= 0; row--) {
    const code = op[row] ?? 0;
    if (isWeight(code)) lastOperand[row] = rows;
    for (const operand of [usesValueA(code) ? (a[row] ?? -1) : -1, usesValueB(code) ? (b[row] ?? -1) : -1]) {
      if (operand === -1) continue;
      firstUse[operand] = row;
      if (!isWeight(op[operand] ?? -1)) lastOperand[row] = Math.max(lastOperand[row] ?? -1, operand);
    }
  }
  const meets = new Uint8Array(rows);
  // Everything above is read by the row or by something between, and so leads to it.
  let latestFirstUse = -1;
  for (let row = 0; row < rows; row++) {
    const isMovable = isWeight(op[row] ?? -1);
    meets[row] = !isMovable && latestFirstUse <= row ? 1 : 0;
    if (!isMovable) latestFirstUse = Math.max(latestFirstUse, firstUse[row] ?? rows);
  }
  // Everything below reads the row or something between.
  let earliestOperand = rows;
  for (let row = rows - 1; row >= 0; row--) {
    if (earliestOperand < row) meets[row] = 0;
    earliestOperand = Math.min(earliestOperand, lastOperand[row] ?? -1);
  }
  return meets;
}
