/** Promises that somebody has to wait for before it may end. */
export class Pending {
  private readonly running = new Set<Promise<unknown>>();

  track<T>(promise: Promise<T>): Promise<T> {
    const over = (): void => {
      this.running.delete(promise);
    };
    this.running.add(promise);
    promise.then(over, over);
    return promise;
  }

  /** Resolves once all have settled, those that come meanwhile too. */
  async settled(): Promise<void> {
    while (this.running.size > 0) await Promise.allSettled(this.running);
  }
}
