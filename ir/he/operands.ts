/** Who reads what in an `he` program. */
import type { HeColumns } from './module.ts';
import { usesValueA, usesValueB } from './traits.ts';

/** The values that an op reads, one that is read twice twice. */
export function operandsOf({ op, a, b }: HeColumns, id: number): number[] {
  const code = op[id] ?? 0;
  if (usesValueB(code)) return [a[id] ?? -1, b[id] ?? -1];
  return usesValueA(code) ? [a[id] ?? -1] : [];
}

/** How often each value is read; an op that reads a value twice counts twice. */
export function useCounts({ op, a, b }: HeColumns): Int32Array {
  const uses = new Int32Array(op.length);
  for (let id = 0; id < uses.length; id++) {
    const code = op[id] ?? 0;
    const x = a[id] ?? -1;
    const y = b[id] ?? -1;
    if (usesValueA(code)) uses[x] = (uses[x] ?? 0) + 1;
    if (usesValueB(code)) uses[y] = (uses[y] ?? 0) + 1;
  }
  return uses;
}
