/**
 * Who does what, and in which order: list scheduling of tasks by modelled costs, before the run (Graham 1969); of those
 * that can begin now, first the one with the longest way to the end (Hu 1961).
 */
import { InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import type { HeColumns } from '../../../../ir/he/module.ts';
import { rowCost, transferCost } from './op-costs.ts';
import type { Task, TaskGraph } from './tasks.ts';

export interface Assignment {
  /** Task numbers in the order in which they begin; each stands after those that it waits for. */
  readonly order: readonly number[];
  /** By task. */
  readonly workerOf: Int32Array;
}

/**
 * How many tasks may begin before the first one of the program that has not: the program's order keeps few ciphertexts
 * alive, and each task taken early may leave one more.
 */
const lookAhead = 128;

/** Beginnings that differ by less, in units of the modelled costs, count as the same. */
const sameTime = 0.25;

export function shareTasks(columns: HeColumns, graph: TaskGraph, workers: number): Assignment {
  return new Scheduler(columns, graph, workers).run();
}

interface Candidate {
  readonly task: number;
  /** By worker: when its operands have arrived. */
  readonly ready: Float64Array;
}

class Scheduler {
  private readonly columns: HeColumns;
  private readonly tasks: readonly Task[];
  private readonly taskOf: Int32Array;
  private readonly workers: number;
  /** By task: the tasks that wait for it, and those of them that end a sum with a term of it. */
  private readonly users: number[][] = [];
  private readonly sums: number[][] = [];
  /** By task: those that it waits for and that have not begun. */
  private readonly missing: Int32Array;
  /** By task: modelled time from its beginning to the end of the program. */
  private readonly rank: Float64Array;
  private readonly workerOf: Int32Array;
  private readonly finish: Float64Array;
  /** By worker: when it is done with what it has been given. */
  private readonly free: Float64Array;
  /** By worker: values that it has loaded. */
  private readonly held: readonly Set<number>[];
  /** By task that ends a sum: the workers that have terms of it. */
  private readonly adders = new Map<number, Set<number>>();

  constructor(columns: HeColumns, { tasks, taskOf }: TaskGraph, workers: number) {
    this.columns = columns;
    this.tasks = tasks;
    this.taskOf = taskOf;
    this.workers = workers;
    this.missing = new Int32Array(tasks.length);
    this.rank = new Float64Array(tasks.length);
    this.workerOf = new Int32Array(tasks.length).fill(-1);
    this.finish = new Float64Array(tasks.length);
    this.free = new Float64Array(workers);
    this.held = Array.from({ length: workers }, () => new Set<number>());
    for (const [t, { reads, terms = [] }] of tasks.entries()) {
      this.users[t] = [];
      this.sums[t] = [];
      const producers = this.producersOf([...reads, ...terms]);
      this.missing[t] = producers.size;
      for (const producer of producers) this.users[producer]?.push(t);
      for (const producer of this.producersOf(terms)) this.sums[producer]?.push(t);
    }
    for (let t = tasks.length - 1; t >= 0; t--) {
      const after = (this.users[t] ?? []).reduce((most, user) => Math.max(most, this.rank[user] ?? 0), 0);
      this.rank[t] = after + (tasks[t]?.cost ?? 0);
    }
  }

  run(): Assignment {
    const order: number[] = [];
    const candidates: Candidate[] = [];
    let first = 0;
    let seen = 0;
    while (order.length < this.tasks.length) {
      while (this.workerOf[first] !== -1) first++;
      for (; seen < Math.min(this.tasks.length, first + lookAhead); seen++) {
        if (this.missing[seen] === 0) candidates.push(this.candidate(seen));
      }
      const { candidate, worker, start } = this.choose(candidates);
      candidates.splice(candidates.indexOf(candidate), 1);
      const { task } = candidate;
      this.begin(task, worker, start);
      order.push(task);
      for (const user of this.users[task] ?? []) {
        this.missing[user] = (this.missing[user] ?? 0) - 1;
        if (this.missing[user] === 0 && user < seen) candidates.push(this.candidate(user));
      }
    }
    return { order, workerOf: this.workerOf };
  }

  private producersOf(values: readonly number[]): Set<number> {
    const producers = new Set(values.map((value) => this.taskOf[value] ?? -1));
    producers.delete(-1);
    return producers;
  }

  private candidate(task: number): Candidate {
    const ready = new Float64Array(this.workers);
    const { reads, terms = [] } = this.tasks[task] ?? noTask;
    for (const value of [...reads, ...terms]) {
      const producer = this.taskOf[value] ?? -1;
      if (producer === -1) continue;
      for (let w = 0; w < this.workers; w++) {
        const underWay = this.workerOf[producer] === w ? 0 : transferCost(this.columns, value);
        ready[w] = Math.max(ready[w] ?? 0, (this.finish[producer] ?? 0) + underWay);
      }
    }
    return { task, ready };
  }

  private choose(candidates: readonly Candidate[]): { candidate: Candidate; worker: number; start: number } {
    const starts = new Float64Array(candidates.length * this.workers);
    let earliest = Infinity;
    for (const [c, { task, ready }] of candidates.entries()) {
      for (let worker = 0; worker < this.workers; worker++) {
        const start = Math.max(this.free[worker] ?? 0, ready[worker] ?? 0) + this.loading(task, worker);
        starts[c * this.workers + worker] = start;
        earliest = Math.min(earliest, start);
      }
    }
    let best: { candidate: Candidate; worker: number; start: number } | undefined;
    let most = -1;
    for (const [c, candidate] of candidates.entries()) {
      const rank = this.rank[candidate.task] ?? 0;
      for (let worker = 0; worker < this.workers; worker++) {
        const start = starts[c * this.workers + worker] ?? Infinity;
        if (start > earliest + sameTime || rank < most) continue;
        if (best !== undefined && rank === most && start >= best.start) continue;
        most = rank;
        best = { candidate, worker, start };
      }
    }
    if (best === undefined) throw new InternalError('no task of the program can begin');
    return best;
  }

  /** What `worker` has to do before it can begin, and what beginning there will cost a sum later. */
  private loading(task: number, worker: number): number {
    let cost = 0;
    for (const value of this.tasks[task]?.reads ?? []) {
      const producer = this.taskOf[value] ?? -1;
      if (this.held[worker]?.has(value) === true || (producer !== -1 && this.workerOf[producer] === worker)) continue;
      cost += producer === -1 ? rowCost(this.columns, value) : transferCost(this.columns, value) / 2;
    }
    for (const sum of this.sums[task] ?? []) {
      const adders = this.adders.get(sum);
      const value = this.tasks[sum]?.rows[0] ?? 0;
      if (adders !== undefined && !adders.has(worker)) cost += transferCost(this.columns, value);
    }
    return cost;
  }

  private begin(task: number, worker: number, start: number): void {
    const { reads, cost } = this.tasks[task] ?? noTask;
    for (const value of reads) this.held[worker]?.add(value);
    for (const sum of this.sums[task] ?? []) {
      const adders = this.adders.get(sum) ?? new Set<number>();
      this.adders.set(sum, adders.add(worker));
    }
    this.finish[task] = start + cost;
    this.free[worker] = start + cost;
    this.workerOf[task] = worker;
  }
}

const noTask: Task = { rows: [], terms: undefined, reads: [], cost: 0 };
