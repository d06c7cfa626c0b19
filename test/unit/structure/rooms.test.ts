/** The table of rooms against the folders: sizes, and tests that stand where what they test stands. */
import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { houses, roomRules } from '../../../scripts/rooms.mjs';

const root = join(import.meta.dirname, '..', '..', '..');
const sources = globSync(
  houses.map(({ name }) => `${name}/**/*.ts`),
  { cwd: root },
);

const rules = roomRules().map(({ name, own, besides }) => ({
  name,
  own: new RegExp(own),
  besides: besides.map((pattern) => new RegExp(pattern)),
}));

const roomOf = (file: string): string | undefined =>
  rules.find(({ own, besides }) => own.test(file) && !besides.some((pattern) => pattern.test(file)))?.name;

describe('rooms', () => {
  test('every source file is in exactly one', () => {
    expect(sources.length).toBeGreaterThan(400);
    expect(sources.filter((file) => roomOf(file) === undefined)).toEqual([]);
  });

  test('none is empty', () => {
    const used = new Set(sources.map(roomOf));
    expect(rules.filter(({ name }) => !used.has(name))).toEqual([]);
  });

  test('no folder holds more than fifteen files', () => {
    const counts = Map.groupBy(sources, dirname);
    expect([...counts].filter(([, files]) => files.length > 15).map(([folder]) => folder)).toEqual([]);
  });

  test('unit tests stand in a folder of the name of a folder of sources', () => {
    const folders = new Set(sources.map(dirname));
    const tests = globSync('test/unit/**/*.test.ts', { cwd: root }).map((file) =>
      dirname(file).slice('test/unit/'.length),
    );
    const elsewhere = [...new Set(tests)].filter((folder) => !folders.has(folder) && folder !== 'structure');
    expect(elsewhere).toEqual([]);
  });
});
