/** Uses of the values of an `he` program. */
import { type HeModule, usesValueA, usesValueB } from '../../ir/he/module.ts';

/** How often each value is read; an op that reads a value twice counts twice. */
export function useCounts({ columns }: HeModule): Int32Array {
  const uses = new Int32Array(columns.op.length);
  for (let id = 0; id < uses.length; id++) {
    const code = columns.op[id] ?? 0;
    const a = columns.a[id] ?? -1;
    const b = columns.b[id] ?? -1;
    if (usesValueA(code)) uses[a] = (uses[a] ?? 0) + 1;
    if (usesValueB(code)) uses[b] = (uses[b] ?? 0) + 1;
  }
  return uses;
}
