/** Large bytes as messages of one subject for each object or upload. */
import { pieceBytes } from '../pieces.ts';
import type { Link, Stored } from './link.ts';
import type { StreamPlace } from './streams.ts';

/** Of a message; servers take 1 MiB unless they are told otherwise. */
const chunkBytes = pieceBytes;

export class Chunks {
  readonly #link: Link;
  readonly #place: StreamPlace;

  constructor(link: Link, place: StreamPlace) {
    this.#link = link;
    this.#place = place;
  }

  /** Gives the sequence number; `undefined` where the last message is another than `lastSeq`. */
  add(
    id: string,
    bytes: Uint8Array,
    options: { readonly lastSeq?: number; readonly headers?: Readonly<Record<string, string>> } = {},
    signal?: AbortSignal,
  ): Promise<number | undefined> {
    return this.#link.publish(id, this.#subjectOf(id), bytes, options, signal);
  }

  /** Some chunks from `seq` on; none at the end. */
  from(id: string, seq: number, signal?: AbortSignal): Promise<Stored[]> {
    return this.#link.next(id, this.#place.stream, { seq, subject: this.#subjectOf(id), batch: 8 }, signal);
  }

  last(id: string): Promise<Stored | undefined> {
    return this.#link.last(id, this.#place.stream, this.#subjectOf(id));
  }

  async purge(id: string): Promise<void> {
    await this.#link.purge(id, this.#place.stream, this.#subjectOf(id));
  }

  /** How many chunks there are of it. */
  async count(id: string): Promise<number> {
    const subject = this.#subjectOf(id);
    return (await this.#link.subjects(this.#place.stream, subject)).get(subject) ?? 0;
  }

  /** How many chunks there are of each. */
  async counts(): Promise<ReadonlyMap<string, number>> {
    const subjects = await this.#link.subjects(this.#place.stream, `${this.#place.subject}.>`);
    return new Map([...subjects].map(([subject, count]) => [subject.slice(this.#place.subject.length + 1), count]));
  }

  #subjectOf(id: string): string {
    return `${this.#place.subject}.${id}`;
  }
}

/**
 * The bytes of `source` in chunks, as large as may be. Where the source fails, what arrived before comes first, and then
 * its error.
 */
export async function* inChunks(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let parts: Uint8Array[] = [];
  let bytes = 0;
  let failure: { readonly error: unknown } | undefined;
  const iterator = source[Symbol.asyncIterator]();
  try {
    while (failure === undefined) {
      const next = await iterator.next().catch((error: unknown) => {
        failure = { error };
        return undefined;
      });
      if (next === undefined || next.done === true) break;
      let { value } = next;
      while (bytes + value.length >= chunkBytes) {
        const rest = chunkBytes - bytes;
        yield Buffer.concat([...parts, value.subarray(0, rest)]);
        value = value.subarray(rest);
        [parts, bytes] = [[], 0];
      }
      // A source may use its buffer again, for what comes next.
      if (value.length > 0) parts.push(new Uint8Array(value));
      bytes += value.length;
    }
    if (bytes > 0) yield Buffer.concat(parts);
  } finally {
    if (failure === undefined) await iterator.return?.();
  }
  if (failure !== undefined) throw failure.error;
}
