/**
 * Small records under dotted names, changed by compare and set: models, keys, jobs. Whoever holds a revision knows that
 * nobody has changed the record since, in whichever process.
 */
import { z } from 'zod';

/** What JSON holds. A reader checks it by its schema: another version of hepc may have written it. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** Any value that JSON holds. */
export const jsonSchema: z.ZodType<Json> = z.json();

export interface Entry {
  /** Letters, digits, `-` and `_` in parts with a dot between, at most 200. Anything else is an `InternalError`. */
  readonly name: string;
  readonly value: Json;
  readonly revision: number;
}

export interface ChangeOptions {
  /** False for what need not outlive a machine that loses power; a process that ends loses nothing in either case. */
  readonly durable?: boolean;
  /** True for what means nothing any more once this process has ended: a store of one process keeps it in memory alone. */
  readonly transient?: boolean;
}

/** Changes reject with H807 where there is no room, and have then not been made. */
export interface Registry {
  get(name: string): Promise<Entry | undefined>;
  /** `undefined` where there is one already. */
  create(name: string, value: Json, options?: ChangeOptions): Promise<Entry | undefined>;
  /** `undefined` where the entry is gone or has another revision. */
  update(entry: Entry, value: Json, options?: ChangeOptions): Promise<Entry | undefined>;
  /** False where it is gone or has another revision. */
  delete(entry: Entry): Promise<boolean>;
  /** Entries whose names begin with the parts of `prefix`, all for ''; those that change meanwhile in either state. */
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
  options?: ChangeOptions,
): Promise<Entry | undefined> {
  for (;;) {
    const entry = await registry.get(name);
    if (entry === undefined) return undefined;
    const value = change(entry.value);
    if (value === undefined) return undefined;
    const changed = await registry.update(entry, value, options);
    if (changed !== undefined) return changed;
  }
}
