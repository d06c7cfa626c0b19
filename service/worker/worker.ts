/** Does tasks for a service: takes them, has them evaluated, stores their outputs, and puts the parts of a job together. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceSettings } from '../base/settings.ts';
import type { Evaluator } from '../evaluation/evaluator.ts';
import type { Backend } from '../stores/backend.ts';
import type { Delivery } from '../stores/work-queue.ts';
import { keepDelivery } from './alongside.ts';
import { Apartness } from './apartness.ts';
import { keepLease } from './lease.ts';
import { type Evaluating, SharedEvaluation } from './shared-evaluation.ts';
import { takeSharers } from './sharers.ts';
import { TaskRun, type TaskSurroundings } from './task-run.ts';
import type { WorkerEvent } from './worker-event.ts';

export interface WorkerOptions {
  /** Of this worker alone. Letters, digits, `-` and `_`. */
  readonly name: string;
  /** Told of what is done and of what goes wrong. */
  readonly onEvent?: (event: WorkerEvent) => void;
}

/** Of `run`: when to stop. */
interface Round {
  readonly signal: AbortSignal;
  readonly late: AbortSignal;
}

/** With one thread the evaluator does one after another, with more one on each; the inputs of the next are there when it begins. */
function tasksAtOnce(threads: number): number {
  return threads === 1 ? 2 : threads + 2;
}

const firstPauseMilliseconds = 50;
const longestPauseMilliseconds = 5_000;

export class Worker {
  private readonly backend: Backend;
  private readonly evaluator: Evaluator;
  private readonly settings: ServiceSettings;
  private readonly name: string;
  private readonly onEvent: (event: WorkerEvent) => void;
  private readonly apartness = new Apartness();
  private tasks = 0;
  private lastTake: Promise<unknown> = Promise.resolve();
  private taskSeconds: number | undefined;

  constructor(
    backend: Backend,
    evaluator: Evaluator,
    settings: ServiceSettings,
    { name, onEvent = () => undefined }: WorkerOptions,
  ) {
    this.backend = backend;
    this.evaluator = evaluator;
    this.settings = settings;
    this.name = name;
    this.onEvent = onEvent;
  }

  /**
   * Works until `signal` aborts; then finishes what has begun, gives back what has not, and resolves. When `late` aborts,
   * what has begun is given back, too. Failures of the backend are waited out. Backend and evaluator stay their owner's.
   */
  async run(signal: AbortSignal, late: AbortSignal = new AbortController().signal): Promise<void> {
    signal.throwIfAborted();
    const left = new AbortController();
    const lease = keepLease(this.backend, this.evaluator, left.signal, () => ({
      name: this.name,
      tasks: this.tasks,
      draining: signal.aborted,
      ...(this.taskSeconds !== undefined && { taskSeconds: this.taskSeconds }),
    }));
    try {
      await Promise.all(
        Array.from({ length: tasksAtOnce(this.settings.threads) }, () => this.takeTasks({ signal, late })),
      );
    } finally {
      left.abort();
      await lease;
    }
  }

  private async takeTasks(round: Round): Promise<void> {
    const { signal } = round;
    const suits = ({ plan, keys }: Delivery['task']): number => this.evaluator.holds(plan, keys);
    const isDraining = (): boolean => signal.aborted;
    let pause = firstPauseMilliseconds;
    while (!isDraining()) {
      let taken: readonly [Delivery, ...Delivery[]];
      try {
        taken = await this.inTurn(async () => {
          const delivery = await this.backend.queue.take({ suits, signal });
          return [delivery, ...(await this.sharersOf(delivery))] as const;
        });
      } catch (error) {
        if (isDraining()) break;
        this.onEvent({ kind: 'backend-failed', error });
        await sleep(pause, undefined, { signal }).catch(() => undefined);
        pause = Math.min(longestPauseMilliseconds, 2 * pause);
        continue;
      }
      pause = firstPauseMilliseconds;
      await this.do(taken, round);
    }
  }

  /** Whoever takes a task takes those with it that may share its run, before anybody else takes one. */
  private inTurn<T>(take: () => Promise<T>): Promise<T> {
    const taken = this.lastTake.then(take, take);
    this.lastTake = taken;
    return taken;
  }

  /** Does a task, and the others in the same run. */
  private async do([delivery, ...others]: readonly [Delivery, ...Delivery[]], round: Round): Promise<void> {
    const letGo = [delivery, ...others].map((held) => keepDelivery(held, this.backend.queue.leaseSeconds));
    this.tasks += letGo.length;
    try {
      const begin = (each: Delivery, evaluator: Evaluating): Promise<void> =>
        new TaskRun(each, this.surroundings(evaluator, round)).do();
      // What has ended a process before is done alone, so that it is nobody else's attempt that it spoils.
      if (delivery.attempt > 1) {
        await this.apartness.alone(() => begin(delivery, this.evaluator));
        return;
      }
      const sharers = [delivery, ...others.filter(({ attempt }) => attempt === 1)];
      await this.apartness.together(() => this.doTogether(sharers, begin));
      for (const other of others) if (other.attempt > 1) await this.apartness.alone(() => begin(other, this.evaluator));
    } finally {
      this.tasks -= letGo.length;
      for (const end of letGo) end();
    }
  }

  private async doTogether(
    sharers: readonly Delivery[],
    begin: (delivery: Delivery, evaluator: Evaluating) => Promise<void>,
  ): Promise<void> {
    const run = new SharedEvaluation(this.evaluator, sharers.length);
    await Promise.all(
      sharers.map(async (delivery) => {
        const member = run.join();
        await begin(delivery, member);
        member.leave();
      }),
    );
  }

  private async sharersOf({ task, attempt }: Delivery): Promise<Delivery[]> {
    // Each is tried again by itself where the run fails.
    if (attempt > 1 || this.settings.maxAttempts === 1) return [];
    const taken: Delivery[] = [];
    try {
      for await (const sharer of takeSharers(this.backend.queue, task)) taken.push(sharer);
    } catch (error) {
      this.onEvent({ kind: 'backend-failed', error });
    }
    return taken;
  }

  private surroundings(evaluator: Evaluating, { signal: draining, late }: Round): TaskSurroundings {
    return {
      backend: this.backend,
      evaluator,
      settings: this.settings,
      worker: this.name,
      draining,
      late,
      onEvaluated: (milliseconds) => {
        const seconds = milliseconds / 1000;
        this.taskSeconds = this.taskSeconds === undefined ? seconds : 0.8 * this.taskSeconds + 0.2 * seconds;
      },
      onEvent: this.onEvent,
    };
  }
}
