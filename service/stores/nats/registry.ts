/**
 * Records of a key-value bucket. A revision is the sequence number of the record's message; what has been deleted leaves a
 * mark for a while, as that convention has it.
 */
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { damagedObject } from '../../../ir/diagnostics/service/stores.ts';
import { checkDottedName } from '../names.ts';
import type { Entry, Json, Registry } from '../registry.ts';
import type { Link, Stored } from './link.ts';
import type { StreamPlace } from './streams.ts';

const operation = 'KV-Operation';
const batch = 256;

/** How long a mark of deletion stays. */
export const markSeconds = 300;

export function isMark(stored: Stored): boolean {
  return stored.header(operation) !== '';
}

export class NatsRegistry implements Registry {
  readonly #link: Link;
  readonly #place: StreamPlace;
  readonly #marks: { readonly ttlSeconds?: number };

  /** @param expires whether records vanish by themselves, and marks with them */
  constructor(link: Link, place: StreamPlace, expires = false) {
    this.#link = link;
    this.#place = place;
    this.#marks = expires ? {} : { ttlSeconds: markSeconds };
  }

  async get(name: string): Promise<Entry | undefined> {
    const last = await this.#last(name);
    return last === undefined || isMark(last) ? undefined : this.#entry(name, last);
  }

  async create(name: string, value: Json): Promise<Entry | undefined> {
    checkDottedName(name);
    let lastSeq = 0;
    for (;;) {
      const created = await this.#write(name, value, lastSeq);
      if (created !== undefined) return created;
      const last = await this.#last(name);
      if (last !== undefined && !isMark(last)) return undefined;
      lastSeq = last?.seq ?? 0;
    }
  }

  update({ name, revision }: Entry, value: Json): Promise<Entry | undefined> {
    return this.#write(name, value, revision);
  }

  async delete({ name, revision }: Entry): Promise<boolean> {
    const seq = await this.#link.publish(name, this.#subjectOf(name), '', {
      lastSeq: revision,
      headers: { [operation]: 'DEL' },
      ...this.#marks,
    });
    return seq !== undefined;
  }

  async *list(prefix: string): AsyncGenerator<Entry, void, undefined> {
    const own = prefix === '' ? undefined : await this.get(prefix);
    if (own !== undefined) yield own;
    const subject = prefix === '' ? `${this.#place.subject}.>` : `${this.#subjectOf(prefix)}.>`;
    const seen = new Set<string>();
    let next = 1;
    for (;;) {
      const found = await this.#link.next('records', this.#place.stream, { seq: next, subject, batch });
      // A record that is changed meanwhile comes again, at the end.
      const fresh = found.filter((stored) => !seen.has(stored.subject));
      for (const stored of fresh) {
        seen.add(stored.subject);
        if (!isMark(stored)) yield this.#entry(stored.subject.slice(this.#place.subject.length + 1), stored);
      }
      next = (found.at(-1)?.seq ?? 0) + 1;
      if (found.length < batch || fresh.length === 0) return;
    }
  }

  async #write(name: string, value: Json, lastSeq: number): Promise<Entry | undefined> {
    const text = JSON.stringify(value);
    const revision = await this.#link.publish(name, this.#subjectOf(name), text, { lastSeq });
    return revision === undefined ? undefined : { name, value: JSON.parse(text) as Json, revision };
  }

  #last(name: string): Promise<Stored | undefined> {
    return this.#link.last(name, this.#place.stream, this.#subjectOf(name));
  }

  #entry(name: string, { data, seq }: Stored): Entry {
    return { name, value: readJson(name, data), revision: seq };
  }

  #subjectOf(name: string): string {
    checkDottedName(name);
    return `${this.#place.subject}.${name}`;
  }
}

/** Throws H808 for what is no JSON. */
export function readJson(what: string, data: Uint8Array): Json {
  try {
    return JSON.parse(Buffer.from(data).toString('utf8')) as Json;
  } catch {
    throw new HepcError([damagedObject({ what, reason: 'its text is no JSON' })]);
  }
}
