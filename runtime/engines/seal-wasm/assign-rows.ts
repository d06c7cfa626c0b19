/**
 * Which worker computes which row: static list scheduling of the plan's groups by modelled costs. Inputs and encrypted
 * weights belong to nobody: each worker that reads one loads it itself.
 */
import { type HeColumns, usesValueA, usesValueB } from '../../../ir/he/module.ts';
import { HE } from '../../../ir/he/ops.ts';
import { rowCost, transferCost } from './op-costs.ts';

/** Whether a row is computed by each worker that reads it. */
export function isReplicated(code: number): boolean {
  return code === HE.input || code === HE.weight;
}

/** The worker of each row; meaningless for replicated rows. At most 256 workers. */
export function assignRows(columns: HeColumns, group: Int32Array, workers: number): Uint8Array {
  const { op, a, b } = columns;
  const rows = op.length;
  const workerOf = new Uint8Array(rows);
  if (workers === 1) return workerOf;

  const remaining = groupCosts(columns, group);
  const workerOfGroup = new Int16Array(remaining.length).fill(-1);
  /** When each worker is done with the rows so far, and how much of its groups is still to come. */
  const time = new Float64Array(workers);
  const pending = new Float64Array(workers);
  const finished = new Float64Array(rows);

  const readyAt = (row: number, worker: number): number => {
    const code = op[row] ?? 0;
    const arrival = (value: number): number => {
      if (isReplicated(op[value] ?? 0)) return 0;
      return (finished[value] ?? 0) + (workerOf[value] === worker ? 0 : transferCost(columns, value));
    };
    const readyA = usesValueA(code) ? arrival(a[row] ?? 0) : 0;
    return usesValueB(code) ? Math.max(readyA, arrival(b[row] ?? 0)) : readyA;
  };

  for (let row = 0; row < rows; row++) {
    if (isReplicated(op[row] ?? 0)) continue;
    const g = group[row] ?? 0;
    let worker = workerOfGroup[g] ?? -1;
    if (worker === -1) {
      worker = 0;
      let best = Infinity;
      for (let w = 0; w < workers; w++) {
        const start = Math.max((time[w] ?? 0) + (pending[w] ?? 0), readyAt(row, w));
        if (start < best) [worker, best] = [w, start];
      }
      workerOfGroup[g] = worker;
      pending[worker] = (pending[worker] ?? 0) + (remaining[g] ?? 0);
    }
    const cost = rowCost(columns, row);
    const end = Math.max(time[worker] ?? 0, readyAt(row, worker)) + cost;
    time[worker] = end;
    finished[row] = end;
    pending[worker] = (pending[worker] ?? 0) - cost;
    workerOf[row] = worker;
  }
  return workerOf;
}

function groupCosts(columns: HeColumns, group: Int32Array): Float64Array {
  const costs = new Float64Array(group.reduce((most, g) => Math.max(most, g), -1) + 1);
  for (let row = 0; row < group.length; row++) {
    const g = group[row] ?? 0;
    if (!isReplicated(columns.op[row] ?? 0)) costs[g] = (costs[g] ?? 0) + rowCost(columns, row);
  }
  return costs;
}
