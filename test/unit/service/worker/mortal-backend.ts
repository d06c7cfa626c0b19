/** A backend as a process sees it that ends at some step: from then on nothing that it asks for happens, or is answered. */
import type { Backend } from '../../../../service/stores/backend.ts';
import type { Delivery } from '../../../../service/stores/work-queue.ts';

/** Counts what a process does with its backend, and ends it. */
export class Life {
  private left: number;

  /** @param steps calls and answers until it ends */
  constructor(steps: number) {
    this.left = steps;
  }

  get isOver(): boolean {
    return this.left <= 0;
  }

  /** Ends the process before the call, or before its answer. */
  async live<T>(call: () => Promise<T>): Promise<T> {
    await this.step();
    const answer = await call();
    await this.step();
    return answer;
  }

  private async step(): Promise<void> {
    this.left--;
    if (this.isOver) await new Promise<never>(() => undefined);
  }
}

export function mortal(backend: Backend, life: Life): Backend {
  const { objects, registry, queue, signals } = backend;
  const delivered = (delivery: Delivery): Delivery => ({
    task: delivery.task,
    attempt: delivery.attempt,
    // Heartbeats come by time, and count no step.
    extend: () => (life.isOver ? Promise.resolve() : delivery.extend()),
    acknowledge: () => life.live(() => delivery.acknowledge()),
    giveBack: (delay) => life.live(() => delivery.giveBack(delay)),
    bury: (reason) => life.live(() => delivery.bury(reason)),
  });
  return {
    ...backend,
    objects: {
      put: (...args) => life.live(() => objects.put(...args)),
      putFile: (...args) => life.live(() => objects.putFile(...args)),
      unfinishedPath: (name) => objects.unfinishedPath(name),
      stat: (...args) => life.live(() => objects.stat(...args)),
      isWhole: (...args) => life.live(() => objects.isWhole(...args)),
      read: (...args) => life.live(() => objects.read(...args)),
      open: (...args) => life.live(() => objects.open(...args)),
      delete: (...args) => life.live(() => objects.delete(...args)),
      list: (bucket) => objects.list(bucket),
    },
    registry: {
      get: (name) => life.live(() => registry.get(name)),
      create: (...args) => life.live(() => registry.create(...args)),
      update: (...args) => life.live(() => registry.update(...args)),
      delete: (entry) => life.live(() => registry.delete(entry)),
      list: (prefix) => registry.list(prefix),
    },
    queue: {
      leaseSeconds: queue.leaseSeconds,
      push: (...args) => life.live(() => queue.push(...args)),
      take: async (options) => delivered(await life.live(() => queue.take(options))),
      takeAlso: async (fits) => {
        const delivery = await life.live(() => queue.takeAlso(fits));
        return delivery && delivered(delivery);
      },
      waiting: () => life.live(() => queue.waiting()),
      parts: () => life.live(() => queue.parts()),
      dead: () => queue.dead(),
    },
    signals: {
      send: (...args) => {
        if (!life.isOver) signals.send(...args);
      },
      listen: (...args) => signals.listen(...args),
    },
  };
}
