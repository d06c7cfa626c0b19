/** Where a program meets the world: its inputs, encrypted weights and outputs. */
import type { HeColumns } from './module.ts';
import type { HeOpDeclaration } from './ops.ts';
import { isInput, isOutput, isWeight } from './traits.ts';

type Port = Exclude<HeOpDeclaration['port'], 'none'>;

const isAt: { readonly [P in Port]: (code: number) => boolean } = {
  input: isInput,
  weight: isWeight,
  output: isOutput,
};

/** The rows of one kind, ascending. */
export function portRows({ op }: Pick<HeColumns, 'op'>, port: Port): number[] {
  const is = isAt[port];
  const rows: number[] = [];
  for (let id = 0; id < op.length; id++) if (is(op[id] ?? -1)) rows.push(id);
  return rows;
}

/** Rows by the number of the input or output ciphertext that they are. */
export function rowsByIndex(columns: Pick<HeColumns, 'op' | 'imm'>, port: 'input' | 'output'): Map<number, number> {
  return new Map(portRows(columns, port).map((id) => [columns.imm[id] ?? 0, id]));
}
