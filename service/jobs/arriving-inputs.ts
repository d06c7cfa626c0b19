/**
 * Encrypted inputs as they arrive: what they will be is known, and checked, by their first bytes, and that they are as long as
 * they say by their last. Their content is left to the evaluator.
 */
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { inputsTooLarge, wrongBodyLength } from '../../ir/diagnostics/service/jobs.ts';
import { tellingBytes } from '../../ir/files/kind-of-bytes.ts';
import type { ClientPart } from '../../ir/plan/plan.ts';
import { announcedAnswer } from '../../runtime/refresh/messages.ts';
import { announcedInputs, announcementEnd, announcingBytes } from '../../runtime/seal/bytes/ciphertext-files.ts';

export interface ArrivingInputs {
  readonly samples: number;
  /** Of the first sample, where the file leaves the rest of its run to others. */
  readonly place?: number | undefined;
  readonly runs: number;
  /** Of the whole file. */
  readonly bytes: number;
  /** The file, from its first byte. Ends with H821 where it is shorter or longer. To be gone through once. */
  readonly content: AsyncIterable<Uint8Array>;
}

/**
 * @param asked where an answer to a request is to arrive: its round trip
 *
 * Reads as far as the header goes. Rejects with `HepcError` for a file that is not of the plan and the key, or larger than
 * `limitBytes`, and with what `source` throws; the source is at its end then.
 */
export async function arrivingInputs(
  source: AsyncIterable<Uint8Array>,
  part: ClientPart,
  keyId: string,
  limitBytes: number,
  asked?: number,
): Promise<ArrivingInputs> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    const start = new Start(iterator);
    const first = await start.first(Math.max(announcingBytes, tellingBytes));
    const end = announcementEnd(first);
    const head = await start.first(end);
    const announced =
      asked === undefined ? announcedInputs(head, part, keyId) : announcedAnswer(head, part, { keyId, round: asked });
    const { bytes } = announced;
    if (bytes > limitBytes) throw new HepcError([inputsTooLarge({ bytes, limit: limitBytes })]);
    return { ...announced, content: exactly(bytes, start.pieces, iterator) };
  } catch (error) {
    await iterator.return?.();
    throw error;
  }
}

/** Collects the first bytes. */
class Start {
  readonly pieces: Uint8Array[] = [];
  private length = 0;
  private readonly iterator: AsyncIterator<Uint8Array>;

  constructor(iterator: AsyncIterator<Uint8Array>) {
    this.iterator = iterator;
  }

  /** The first `count` bytes, fewer where there are no more. */
  async first(count: number): Promise<Uint8Array> {
    while (this.length < count) {
      // The source may use or free the memory of a piece when the next one is asked for.
      const last = this.pieces.pop();
      if (last !== undefined) this.pieces.push(new Uint8Array(last));
      const next = await this.iterator.next();
      if (next.done === true) break;
      this.pieces.push(next.value);
      this.length += next.value.length;
    }
    const bytes = new Uint8Array(Math.min(count, this.length));
    let at = 0;
    for (const piece of this.pieces) {
      bytes.set(piece.subarray(0, bytes.length - at), at);
      at = Math.min(bytes.length, at + piece.length);
    }
    return bytes;
  }
}

async function* exactly(
  bytes: number,
  first: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let got = 0;
  const count = (piece: Uint8Array): Uint8Array => {
    got += piece.length;
    if (got > bytes) throw new HepcError([wrongBodyLength({ declared: bytes, got })]);
    return piece;
  };
  try {
    for (const piece of first) yield count(piece);
    for (;;) {
      const next = await rest.next();
      if (next.done === true) break;
      yield count(next.value);
    }
    if (got !== bytes) throw new HepcError([wrongBodyLength({ declared: bytes, got })]);
  } finally {
    await rest.return?.();
  }
}
