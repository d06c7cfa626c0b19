/** Records in memory that vanish some time after their last change, by the monotonic clock. */
import { checkDottedName, hasPrefix } from '../names.ts';
import type { Entry, Json, Registry } from '../registry.ts';
import { frozen } from './registry.ts';

interface Lease {
  readonly entry: Entry;
  readonly endsAt: number;
}

export class LocalLeases implements Registry {
  readonly #leases = new Map<string, Lease>();
  #revision = 0;

  readonly #seconds: number;

  constructor(seconds: number) {
    this.#seconds = seconds;
  }

  get(name: string): Promise<Entry | undefined> {
    checkDottedName(name);
    return Promise.resolve(this.#current(name));
  }

  create(name: string, value: Json): Promise<Entry | undefined> {
    checkDottedName(name);
    return Promise.resolve(this.#current(name) === undefined ? this.#set(name, value) : undefined);
  }

  update(entry: Entry, value: Json): Promise<Entry | undefined> {
    checkDottedName(entry.name);
    return Promise.resolve(this.#isCurrent(entry) ? this.#set(entry.name, value) : undefined);
  }

  delete(entry: Entry): Promise<boolean> {
    checkDottedName(entry.name);
    return Promise.resolve(this.#isCurrent(entry) && this.#leases.delete(entry.name));
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- what is in memory, as an interface that others have to wait for
  async *list(prefix: string): AsyncGenerator<Entry, void, undefined> {
    if (prefix !== '') checkDottedName(prefix);
    for (const name of [...this.#leases.keys()]) {
      const entry = hasPrefix(name, prefix) ? this.#current(name) : undefined;
      if (entry !== undefined) yield entry;
    }
  }

  #current(name: string): Entry | undefined {
    const lease = this.#leases.get(name);
    if (lease === undefined) return undefined;
    if (lease.endsAt > performance.now()) return lease.entry;
    this.#leases.delete(name);
    return undefined;
  }

  #isCurrent({ name, revision }: Entry): boolean {
    return this.#current(name)?.revision === revision;
  }

  #set(name: string, value: Json): Entry {
    const entry = { name, value: frozen(value), revision: ++this.#revision };
    this.#leases.set(name, { entry, endsAt: performance.now() + this.#seconds * 1000 });
    return entry;
  }
}
