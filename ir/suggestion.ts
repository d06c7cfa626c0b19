/** Names of ops, attributes, options and the like: what a misspelt one was meant to be, and lists of them. */
import { closest, distance } from 'fastest-levenshtein';

const longestMisspelt = 64;

/** `a, b or c`. */
export function alternatives(names: readonly string[]): string {
  const [last = '', ...others] = names.toReversed();
  return others.length === 0 ? last : `${others.toReversed().join(', ')} or ${last}`;
}

/** The known name that `name` is probably meant to be. */
export function suggestion(name: string, known: readonly string[]): string | undefined {
  if (known.length === 0 || name.length > longestMisspelt) return undefined;
  const candidate = closest(name, known);
  return distance(name, candidate) <= Math.max(2, Math.ceil(name.length / 3)) ? candidate : undefined;
}
