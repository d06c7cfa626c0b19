/** Suggestions for misspelt names of ops, attributes, options and the like. */
import { closest, distance } from 'fastest-levenshtein';

const longestMisspelt = 64;

/** The known name that `name` is probably meant to be. */
export function suggestion(name: string, known: readonly string[]): string | undefined {
  if (known.length === 0 || name.length > longestMisspelt) return undefined;
  const candidate = closest(name, known);
  return distance(name, candidate) <= Math.max(2, Math.ceil(name.length / 3)) ? candidate : undefined;
}
