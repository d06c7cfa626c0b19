/** Bytes that come in pieces of any size, as stores handle them. */
import { untilAborted } from '../../runtime/base/until-aborted.ts';

/** Bytes that are hashed or written at once: some milliseconds, for the event loop has others to serve. */
export const pieceBytes = 256 * 1024;

/**
 * The bytes of `source` in pieces of at most `pieceBytes`. Rejects with the reason of `signal` as soon as it aborts, even
 * while the source is silent.
 */
export async function* pieces(
  source: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const next = await untilAborted(iterator.next(), signal);
      if (next.done === true) {
        ended = true;
        return;
      }
      for (let at = 0; at < next.value.length; at += pieceBytes) yield next.value.subarray(at, at + pieceBytes);
    }
  } catch (error) {
    // A source that is silent would not end before its next piece: nobody waits for it.
    if (signal?.aborted === true) {
      ended = true;
      void iterator.return?.().catch(() => undefined);
    }
    throw error;
  } finally {
    if (!ended) await iterator.return?.();
  }
}
