/**
 * Which suite runs. A test file that imports this module runs in both: with what is enough to notice a fault in the normal
 * one, with all of its cases in the nightly one.
 */
import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    readonly nightly: boolean;
  }
}

export const isNightly = inject('nightly');

/** How many cases a test takes. */
export function casesOf({ normal, nightly }: { readonly normal: number; readonly nightly: number }): number {
  return isNightly ? nightly : normal;
}
