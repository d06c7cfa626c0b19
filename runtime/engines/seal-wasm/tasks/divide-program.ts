/**
 * A program for several workers: its rows in the order in which they begin, and who runs each. Inputs and encrypted
 * weights stand in it once for each worker that reads them, just before it does. The sums that join groups are added up
 * anew: each worker adds what it has computed, and the one that needs the sum adds these. Results are the same to the
 * last bit.
 */
import { HeBuilder, type HeColumns } from '../../../../ir/he/module.ts';
import { usesValueA, usesValueB } from '../../../../ir/he/traits.ts';
import { InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import { shareTasks } from './share-tasks.ts';
import { buildTasks, isReplicated, type Task } from './tasks.ts';

export interface DividedProgram {
  readonly columns: HeColumns;
  /** By row. */
  readonly workerOf: Uint8Array;
  /** By row: the row of the plan that it stands for. */
  readonly planRow: Int32Array;
}

/** At most 256 workers. One worker runs the plan as it is. */
export function divideProgram(columns: HeColumns, group: Int32Array, workers: number): DividedProgram {
  const rows = columns.op.length;
  if (workers === 1)
    return { columns, workerOf: new Uint8Array(rows), planRow: Int32Array.from({ length: rows }, (_, row) => row) };
  const graph = buildTasks(columns, group);
  const { order, workerOf } = shareTasks(columns, graph, workers);
  const writer = new DividedWriter(columns, graph.tasks, workers);
  for (const task of order) writer.write(task, workerOf[task] ?? 0);
  return writer.finish();
}

class DividedWriter {
  private readonly from: HeColumns;
  private readonly tasks: readonly Task[];
  private readonly builder: HeBuilder;
  private readonly workerOf: number[] = [];
  private readonly planRow: number[] = [];
  /** New row of each old value. */
  private readonly newRow: Int32Array;
  /** By worker: its own rows of replicated values. */
  private readonly loaded: readonly Map<number, number>[];
  /** By value: the sums that it is a term of, as often as it is. */
  private readonly sumsOf = new Map<number, number[]>();
  /** By task that ends a sum, by worker: what it has added up so far. */
  private readonly partial = new Map<number, Map<number, number>>();
  private readonly sizes: number[] = [];

  constructor(from: HeColumns, tasks: readonly Task[], workers: number) {
    this.from = from;
    this.tasks = tasks;
    this.builder = new HeBuilder(from.op.length + 64);
    this.newRow = new Int32Array(from.op.length).fill(-1);
    this.loaded = Array.from({ length: workers }, () => new Map<number, number>());
    for (const [t, { terms = [] }] of tasks.entries()) {
      if (terms.length > 0) this.partial.set(t, new Map());
      for (const term of terms) this.sumsOf.set(term, [...(this.sumsOf.get(term) ?? []), t]);
    }
  }

  write(task: number, worker: number): void {
    const { rows, terms } = this.tasks[task] ?? { rows: [], terms: undefined };
    for (const [i, row] of rows.entries()) {
      this.newRow[row] = i === 0 && terms !== undefined ? this.join(task, row, terms, worker) : this.copy(row, worker);
      for (const sum of this.sumsOf.get(row) ?? []) this.accumulate(sum, this.newRow[row] ?? -1, worker);
    }
  }

  finish(): DividedProgram {
    return {
      columns: this.builder.build(),
      workerOf: Uint8Array.from(this.workerOf),
      planRow: Int32Array.from(this.planRow),
    };
  }

  private copy(row: number, worker: number): number {
    const { op, a, b, size } = this.from;
    const code = op[row] ?? 0;
    const newA = usesValueA(code) ? this.at(a[row] ?? -1, worker) : -1;
    const newB = usesValueB(code) ? this.at(b[row] ?? -1, worker) : -1;
    return this.note(this.builder.copy(this.from, row, newA, newB), row, size[row] ?? 0, worker);
  }

  private at(value: number, worker: number): number {
    if (!isReplicated(this.from.op[value] ?? 0)) return this.newRow[value] ?? -1;
    const known = this.loaded[worker]?.get(value) ?? this.copy(value, worker);
    this.loaded[worker]?.set(value, known);
    return known;
  }

  private accumulate(sum: number, value: number, worker: number): void {
    const partial = this.partial.get(sum);
    const before = partial?.get(worker);
    partial?.set(worker, before === undefined ? value : this.add(sum, before, value, worker));
  }

  /** The sum of what all workers have, and of replicated terms. */
  private join(task: number, row: number, terms: readonly number[], worker: number): number {
    const partial = this.partial.get(task) ?? new Map<number, number>();
    this.partial.delete(task);
    const replicated = terms.filter((term) => isReplicated(this.from.op[term] ?? 0));
    const parts = [...partial.values(), ...replicated.map((term) => this.at(term, worker))];
    const [first, ...rest] = parts;
    if (first === undefined) throw new InternalError(`the sum of row ${row} has no terms`);
    return rest.reduce((x, y) => this.add(task, x, y, worker), first);
  }

  private add(sum: number, a: number, b: number, worker: number): number {
    const row = this.tasks[sum]?.rows[0] ?? -1;
    const size = Math.max(this.sizes[a] ?? 0, this.sizes[b] ?? 0);
    this.builder.origin = this.from.origin[row] ?? 0;
    const added = this.builder.add('add', {
      a,
      b,
      level: this.from.level[row] ?? 0,
      scale: this.from.scale[row] ?? 0,
      size,
    });
    return this.note(added, row, size, worker);
  }

  private note(row: number, planRow: number, size: number, worker: number): number {
    this.workerOf[row] = worker;
    this.planRow[row] = planRow;
    this.sizes[row] = size;
    return row;
  }
}
