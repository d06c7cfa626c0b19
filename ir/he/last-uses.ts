/** Where each value of a program is read for the last time. */
import type { HeModule } from './module.ts';
import { usesValueA, usesValueB } from './traits.ts';

/** The last row that reads each value; −1 where none does. */
export function lastUses({ columns }: Pick<HeModule, 'columns'>): Int32Array {
  const { op, a, b } = columns;
  const last = new Int32Array(op.length).fill(-1);
  for (let id = 0; id < op.length; id++) {
    const code = op[id] ?? 0;
    if (usesValueA(code)) last[a[id] ?? 0] = id;
    if (usesValueB(code)) last[b[id] ?? 0] = id;
  }
  return last;
}
