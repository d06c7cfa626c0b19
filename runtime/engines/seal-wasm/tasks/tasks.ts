/**
 * The pieces of work that workers share out. A task is rows of one group that run one after another on one worker; the
 * sums that join groups belong to no task, so that each worker can add up what it has before anything is handed over.
 */
import type { HeColumns } from '../../../../ir/he/module.ts';
import { operandsOf } from '../../../../ir/he/operands.ts';
import { isInput, isSum, isWeight } from '../../../../ir/he/traits.ts';
import { findSums } from '../../../../ir/he/sums.ts';
import { rowCost } from './op-costs.ts';

/** Whether a row is computed by each worker that reads it: input and encrypted weights belong to nobody. */
export function isReplicated(code: number): boolean {
  return isInput(code) || isWeight(code);
}

export interface Task {
  /** In the order of the program. The first one may be a sum of `terms`. */
  readonly rows: readonly number[];
  /** Where the first row joins groups: what it adds up. */
  readonly terms: readonly number[] | undefined;
  /** Other values that the rows read from outside of the task, replicated ones included, each once. */
  readonly reads: readonly number[];
  /** Without the sum of the terms. */
  readonly cost: number;
}

export interface TaskGraph {
  /** What a task reads is computed by tasks before it. */
  readonly tasks: readonly Task[];
  /** By row, −1 for replicated rows and for sums within a sum of terms. */
  readonly taskOf: Int32Array;
}

/** Any groups will do: one whose rows depend on one another through other groups is cut. */
export function buildTasks(columns: HeColumns, group: Int32Array): TaskGraph {
  const { op } = columns;
  const { terms, inner } = findSums(columns, (row) =>
    operandsOf(columns, row).every((operand) => group[operand] !== group[row] || isSum(op[operand] ?? -1)),
  );
  const taskOf = new Int32Array(op.length).fill(-1);
  const tasks: { rows: number[]; terms: readonly number[] | undefined; reads: Set<number>; cost: number }[] = [];
  /** By group: the task that its next row may belong to. */
  const open = new Map<number, number>();
  for (let row = 0; row < op.length; row++) {
    if (isReplicated(op[row] ?? 0) || inner[row] === 1) continue;
    const sum = terms.get(row);
    const operands = sum === undefined ? operandsOf(columns, row) : [];
    let index = sum === undefined ? open.get(group[row] ?? -1) : undefined;
    const first = index === undefined ? row : (tasks[index]?.rows[0] ?? row);
    // A task that reads only what stands above its first row can run in one go at that place.
    const fits = operands.every((x) => taskOf[x] === index || isReplicated(op[x] ?? 0) || x < first);
    if (index === undefined || !fits) {
      index = tasks.push({ rows: [], terms: sum, reads: new Set(), cost: 0 }) - 1;
      open.set(group[row] ?? -1, index);
    }
    const task = tasks[index];
    taskOf[row] = index;
    task?.rows.push(row);
    for (const x of operands) if (taskOf[x] !== index) task?.reads.add(x);
    if (task !== undefined && sum === undefined) task.cost += rowCost(columns, row);
  }
  return { tasks: tasks.map((task) => ({ ...task, reads: [...task.reads] })), taskOf };
}
