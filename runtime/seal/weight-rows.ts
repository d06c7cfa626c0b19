/** Encrypted weights of a plan: the rows of the `weight` ops, in the order in which bound ciphertexts stand. */
import type { HeColumns } from '../../ir/he/module.ts';
import { portRows } from '../../ir/he/ports.ts';

export function weightRows(columns: HeColumns): number[] {
  return portRows(columns, 'weight');
}
