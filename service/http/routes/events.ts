/** Server-sent events: a message whenever there is one, and a comment now and then, so that no proxy takes it for dead. */

const heartbeatMs = 15_000;
/** After which a client connects again. */
const retryMs = 1000;

/** Ends with `updates`, and silently when `signal` aborts. */
export async function* eventsOf<T>(
  updates: AsyncIterable<T>,
  valueOf: (update: T) => unknown,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const iterator = updates[Symbol.asyncIterator]();
  let id = 0;
  yield Buffer.from(`retry: ${retryMs}\n\n`);
  try {
    for (let next = iterator.next(); ;) {
      const update = await orHeartbeat(next);
      if (update === undefined) yield Buffer.from(': still here\n\n');
      else if (update.done === true) return;
      else {
        yield Buffer.from(`id: ${++id}\nevent: job\ndata: ${JSON.stringify(valueOf(update.value))}\n\n`);
        next = iterator.next();
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await iterator.return?.();
  }
}

async function orHeartbeat<T>(next: Promise<T>): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => {
    resolve(undefined);
  }, heartbeatMs);
  try {
    return await Promise.race([next, promise]);
  } finally {
    clearTimeout(timer);
  }
}
