import { expect, test } from 'vitest';

import { type CompressedRows, rowsProblem } from '../../../ir/attributes.ts';
import { indexConstant, vector } from '../../../ir/constant.ts';

/** [[1, 0, 2], [0, 3, 0]]. */
const sound: CompressedRows = {
  starts: indexConstant([3], [0, 2, 3]),
  columns: indexConstant([3], [0, 2, 1]),
  values: vector([1, 2, 3]),
  bias: vector([0, 0]),
};

test.each<[string, Partial<CompressedRows>, string | undefined]>([
  ['sound rows', {}, undefined],
  ['a first start that is not 0', { starts: indexConstant([3], [1, 2, 3]) }, 'starts must begin with 0'],
  ['falling starts', { starts: indexConstant([3], [0, 4, 3]) }, 'starts must not fall'],
  ['a last start that is not the count', { starts: indexConstant([3], [0, 2, 2]) }, 'as many entries'],
  ['descending columns', { columns: indexConstant([3], [2, 0, 1]) }, 'the columns of row 0 must ascend, 0 follows 2'],
  ['a column twice', { columns: indexConstant([3], [2, 2, 1]) }, 'the columns of row 0 must ascend, 2 follows 2'],
  ['a column outside', { columns: indexConstant([3], [0, 2, 3]) }, 'column 3 is outside of 3 elements'],
  ['a value that is no number', { values: vector([1, NaN, 3]) }, 'values must be finite'],
  ['an infinite offset', { bias: vector([0, -Infinity]) }, 'bias must be finite'],
])('compressed rows: %s', (_, changed, problem) => {
  const found = rowsProblem({ ...sound, ...changed }, 2, 3);
  if (problem === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(problem);
});
