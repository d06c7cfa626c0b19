/** Tasks that run one after another, in the order in which they were asked for. */
export class Turns {
  private last: Promise<unknown> = Promise.resolve();

  /**
   * What `task` gives when its turn has come. A task that still waits when `signal` aborts is not run, and its reason is
   * passed on at once; one that runs has to see to that itself.
   */
  take<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const leave = (): void => {
        // As `throwIfAborted`, whatever the reason is.
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
        reject(signal?.reason);
      };
      if (signal?.aborted === true) {
        leave();
        return;
      }
      signal?.addEventListener('abort', leave, { once: true });
      this.last = this.last.then(async () => {
        signal?.removeEventListener('abort', leave);
        if (signal?.aborted === true) return;
        try {
          resolve(await task());
        } catch (error) {
          // Passed on as it is.
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
          reject(error);
        }
      });
    });
  }
}
