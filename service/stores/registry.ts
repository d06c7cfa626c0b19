/**
 * Small records under dotted names, changed by compare and set: models, keys, jobs. Whoever holds a revision knows that
 * nobody has changed the record since, in whichever process.
 */

/** What JSON holds. A reader checks it by its schema: another version of hepc may have written it. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

export interface Entry {
  /** Letters, digits, `-` and `_` in parts with a dot between, at most 200. Anything else is an `InternalError`. */
  readonly name: string;
  readonly value: Json;
  readonly revision: number;
}

export interface Registry {
  get(name: string): Promise<Entry | undefined>;
  /** `undefined` where there is one already. */
  create(name: string, value: Json): Promise<Entry | undefined>;
  /** `undefined` where the entry is gone or has another revision. */
  update(entry: Entry, value: Json): Promise<Entry | undefined>;
  /** False where it is gone or has another revision. */
  delete(entry: Entry): Promise<boolean>;
  /** Entries whose names begin with the parts of `prefix`; those that change meanwhile in either state. */
  list(prefix: string): AsyncIterable<Entry>;
}

/**
 * Changes a record by `change`, again from the start when somebody else was faster. Gives the record as it is then;
 * `undefined` where there is none, or where `change` gives `undefined` to leave it.
 */
export async function changeEntry(
  registry: Registry,
  name: string,
  change: (value: Json) => Json | undefined,
): Promise<Entry | undefined> {
  for (;;) {
    const entry = await registry.get(name);
    if (entry === undefined) return undefined;
    const value = change(entry.value);
    if (value === undefined) return undefined;
    const changed = await registry.update(entry, value);
    if (changed !== undefined) return changed;
  }
}
