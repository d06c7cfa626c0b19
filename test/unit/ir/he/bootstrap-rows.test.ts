/** Rows of bootstraps are told by how they are made, in any order of the rows. */
import { expect, test } from 'vitest';
import { bootstrapOfRows } from '../../../../ir/he/bootstrap-rows.ts';
import type { HeModule } from '../../../../ir/he/module.ts';
import { HE } from '../../../../ir/he/ops.ts';
import { layersOf } from '../../../../ir/he/layers.ts';
import { scheduleProgram } from '../../../../passes/he/scheduling/schedule.ts';
import { bootstrappedNetwork } from '../../../support/bootstraps.ts';
import { deepParameters, ProgramWriter } from '../../runtime/engines/seal-wasm/programs.ts';

const program = bootstrappedNetwork();

/** By row: the bootstrap that origins say, which have names here as they do not in plans; what brings its result down is none of it. */
function saidByOrigins(module: Pick<HeModule, 'columns' | 'origins'>): string[] {
  const { names, ofRow } = layersOf(module);
  const { op, a } = module.columns;
  const isBroughtDown = (row: number): boolean => op[row] === HE['mod-switch'] && op[a[row] ?? -1] === HE['set-scale'];
  return Array.from(ofRow, (layer, row) => {
    const name = names[layer] ?? '';
    return name.startsWith('bootstrap') && !isBroughtDown(row) ? name : '';
  });
}

test.each([
  ['as it was written', program],
  ['in the order of a plan', scheduleProgram(program)],
])('a program with three bootstraps, %s: every row of one is told, and no other', (_, module) => {
  const said = saidByOrigins(module);
  const numbers = new Map<string, number>([['', -1]]);
  const order = said.filter((_name, row) => module.columns.op[row] === HE['mod-raise']);
  for (const [number, name] of order.entries()) numbers.set(name, number);
  expect(order).toHaveLength(3);
  expect(Array.from(bootstrapOfRows(module))).toEqual(said.map((name) => numbers.get(name)));
});

test('a program without bootstraps has none', () => {
  const writer = new ProgramWriter(deepParameters, 2 ** 30);
  writer.output(writer.rotate(writer.multiplyPlain(writer.input(), writer.plaintext([1])), 1));
  expect(bootstrapOfRows(writer.plan().program).every((bootstrap) => bootstrap === -1)).toBe(true);
});
