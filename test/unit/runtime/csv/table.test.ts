import { expect, test } from 'vitest';
import type { ModelPort } from '../../../../ir/interface.ts';
import { loadLabels, loadSamples } from '../../../../runtime/samples.ts';

const image: ModelPort = { name: 'image', shape: [1, 2, 2], hasBatchAxis: true, elements: 'real' };
const age: ModelPort = { name: 'age', shape: [1], hasBatchAxis: true, elements: 'real' };
const city: ModelPort = { name: 'city', shape: [1], hasBatchAxis: true, elements: 'string' };

function load(text: string, ...specs: readonly ModelPort[]) {
  return loadSamples(new TextEncoder().encode(text), 'x.csv', specs);
}

const rows = { count: 2, inputs: new Map([['image', [Float64Array.of(1, 2, 3, 4), Float64Array.of(5, 6, 7, -0.5)]]]) };

test.each([
  ['commas', '1,2,3,4\n5,6,7,-.5\n'],
  ['semicolons, and lines of Windows', '1;2;3;4\r\n5;6;7;-5e-1\r\n'],
  ['tabs, and no end of the last line', '1\t2\t3\t4\n5\t6\t7\t-0.5'],
  ['spaces, as numpy.savetxt writes them', '# 2 images\n1.000e+00 2.000e+00 3 4\n\n5 6 7 -5.000e-01\n'],
  ['quotes and a byte order mark', '\ufeff"1","2","3","4"\n"5","6","7","-0.5"\n'],
  ['a header of other names', 'a,b,c,d\n1,2,3,4\n5,6,7,-0.5\n'],
  ['a header of elements', '"image[0]","image[1]","image[2]","image[3]"\n1,2,3,4\n5,6,7,-0.5\n'],
  ['more columns than are wanted, where one is named', 'id,x[0],x[1],x[2],x[3]\n9,1,2,3,4\n8,5,6,7,-0.5\n'],
])('a sample in each row: %s', (_, text) => {
  expect(load(text, image)).toEqual(rows);
});

test('y is the label, whether other columns have names of inputs or not', () => {
  expect(load('y,a,b,c,d\n3,1,2,3,4\n5,5,6,7,-0.5\n', image)).toEqual({ ...rows, labels: [3, 5] });
});

test('several inputs go by name, and texts are texts', () => {
  const samples = load('city,age\n"Oslo, Norway",30\n"a ""b""",41\n', age, city);
  expect(samples.inputs.get('age')).toEqual([Float64Array.of(30), Float64Array.of(41)]);
  expect(samples.inputs.get('city')).toEqual([['Oslo, Norway'], ['a "b"']]);
});

test.each([
  ['1,2,3,4\n5,6,7\n', 'H415', 'x.csv:2', 'this row has 3 cells, the first 4'],
  ['1,2,3\n4,5,6\n', 'H415', 'x.csv', 'a sample of "image" has 4 elements, the rows have 3 for it'],
  ['1,2,3,4\n5,6,seven,8\n', 'H415', 'x.csv:2', '"seven" in column 3 is no number'],
  ['a,b,c,d\n1,2,3,4\n5,6,7,8 pm\n', 'H415', 'x.csv:3', '"8 pm" in column d is no number'],
  ['1,2,3,4\n5,6,,8\n', 'H410', 'x.csv', 'at [1, 0, 1, 0] is NaN'],
  ['1,2,3,"4\n', 'H415', 'x.csv:1', 'a quote stands where none can'],
  ['Dear reader,\nthis is a letter,\n', 'H401', 'x.csv', 'nor a table of numbers'],
])('%j is refused', (text, code, place, message) => {
  expect(() => load(text, image)).toThrow(new RegExp(`${code}\\] ${place}.*${message.replace(/[[\]]/g, '\\$&')}`));
});

test('labels come alone: one a line, a list, or y', () => {
  const labels = (text: string) => loadLabels(new TextEncoder().encode(text), 'y');
  for (const text of [
    '3\n1\n4\n',
    'label\n3\n1\n4\n',
    '[3, 1, 4]',
    '{"y": [3, 1, 4], "x": [0]}',
    'a,y\n0,3\n0,1\n0,4\n',
  ])
    expect(labels(text), text).toEqual([3, 1, 4]);
  expect(() => labels('3\n1.5\n')).toThrow(/H413.*label 1 is 1.5/);
  expect(() => labels('1 2\n3 4\n')).toThrow(/H413/);
  expect(() => labels('{"a": [1], "b": [2]}')).toThrow(/H408/);
});
