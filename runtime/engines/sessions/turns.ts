/**
 * Whose turn it is with the workers. Tasks are begun in the order in which they were asked for: one after another, each by
 * all workers; or, of tasks that one worker can do by itself, as many side by side as there are lanes, where as many wait.
 */

interface Waiting {
  /** Whether it succeeded; never rejects. @param lane undefined where all workers do it */
  readonly begin: (lane: number | undefined) => Promise<boolean>;
  readonly suitsLane: () => boolean;
}

export class Turns {
  private readonly waiting: Waiting[] = [];
  /** Whether a task of all workers is under way. */
  private isTaken = false;
  /** By lane: when the task began that is under way there. */
  private readonly begun: (number | undefined)[];
  /** What a task in a lane took last, in milliseconds. */
  private usual = Infinity;
  private readonly now: () => number;

  /**
   * @param lanes how many workers there are if each can do a task by itself, 0 where they cannot
   * @param now milliseconds
   */
  constructor(lanes = 0, now: () => number = () => performance.now()) {
    this.now = now;
    this.begun = Array.from({ length: lanes }, () => undefined);
  }

  /**
   * What `task` gives when its turn has come, with all workers. A task that still waits when `signal` aborts is not run, and
   * its reason is passed on at once; one that runs has to see to that itself.
   */
  take<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.enter(task, () => false, signal);
  }

  /**
   * As `take`, of a task that may be done in a lane.
   * @param task told its lane, undefined where it has all workers
   * @param suitsLane whether it may be done in one, if it begins now
   */
  takeLane<T>(
    task: (lane: number | undefined) => Promise<T>,
    suitsLane: () => boolean,
    signal?: AbortSignal,
  ): Promise<T> {
    return this.enter(task, suitsLane, signal);
  }

  private enter<T>(
    task: (lane: number | undefined) => Promise<T>,
    suitsLane: () => boolean,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const leave = (): void => {
        const place = this.waiting.indexOf(waiting);
        if (place !== -1) this.waiting.splice(place, 1);
        // As `throwIfAborted`, whatever the reason is.
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
        reject(signal?.reason);
        this.nextSoon();
      };
      const begin = async (lane: number | undefined): Promise<boolean> => {
        signal?.removeEventListener('abort', leave);
        try {
          resolve(await task(lane));
          return true;
        } catch (error) {
          // Passed on as it is.
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
          reject(error);
          return false;
        }
      };
      const waiting: Waiting = { begin, suitsLane };
      if (signal?.aborted === true) {
        leave();
        return;
      }
      signal?.addEventListener('abort', leave, { once: true });
      this.waiting.push(waiting);
      this.nextSoon();
    });
  }

  /** After what else is asked for at once, which decides whether lanes are used. */
  private nextSoon(): void {
    queueMicrotask(() => {
      this.next();
    });
  }

  private next(): void {
    if (this.isTaken) return;
    const lanes = this.begun.length;
    const isFree = this.begun.every((since) => since === undefined);
    if (isFree && (lanes === 0 || !this.waitsForLanes(lanes))) {
      const first = this.waiting.shift();
      if (first !== undefined) void this.runByAll(first);
      return;
    }
    for (const [lane, since] of this.begun.entries()) {
      if (since !== undefined) continue;
      if (!this.waitsForLanes(1) || (this.waiting.length === 1 && this.isNearlyFree())) return;
      const first = this.waiting.shift();
      if (first !== undefined) void this.runInLane(first, lane);
    }
  }

  /** Whether `count` tasks that suit lanes are next. */
  private waitsForLanes(count: number): boolean {
    return this.waiting.length >= count && this.waiting.slice(0, count).every(({ suitsLane }) => suitsLane());
  }

  /** Whether a task is done sooner by all workers, once those are free that work, than by one worker from now on. */
  private isNearlyFree(): boolean {
    const lanes = this.begun.length;
    const last = Math.max(...this.begun.map((since) => since ?? -Infinity));
    return last > -Infinity && this.now() - last > this.usual / lanes;
  }

  private async runByAll({ begin }: Waiting): Promise<void> {
    this.isTaken = true;
    await begin(undefined);
    this.isTaken = false;
    this.next();
  }

  private async runInLane({ begin }: Waiting, lane: number): Promise<void> {
    const start = this.now();
    this.begun[lane] = start;
    if (await begin(lane)) this.usual = this.now() - start;
    this.begun[lane] = undefined;
    this.next();
  }
}
