/** What becomes of a set of keys whose writing was ended at any point. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { KeyFolder } from '../../../cli/files/keys/key-folder.ts';
import { forgetPlaces } from '../../../cli/files/places.ts';
import { temporaryName } from '../../../cli/files/temporary-files.ts';
import { temporaryFolder } from '../../support/cli.ts';

beforeEach(forgetPlaces);

const names = ['eval.keys', 'public.key', 'secret.key'] as const;

function keysOf(owner: string) {
  const text = (what: string) => new TextEncoder().encode(`${owner} ${what}`);
  return { secretKey: text('secret'), publicKey: text('public'), evaluationKeys: text('evaluation') };
}

function ownersIn(folder: string): string[] {
  return names.map(
    (name) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : '').split(' ')[0] ?? '',
  );
}

/** A temporary name of a process that has ended. */
function nameOfTheDead(): string {
  const pid = execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }).trim();
  return temporaryName().replace(`-${process.pid}-`, `-${pid}-`);
}

/** What a process that was killed after `moved` moves has left in `folder`. */
function leave(folder: string, owner: string, { isComplete, moved }: { isComplete: boolean; moved: number }): void {
  const lock = join(folder, '.hepc-keygen');
  mkdirSync(lock);
  writeFileSync(join(lock, 'owner'), owner);
  names.forEach((name, i) => {
    writeFileSync(join(i < moved ? folder : lock, name), `killed ${name}`);
  });
  if (isComplete) writeFileSync(join(lock, 'complete'), '');
}

test('is whole where it had been complete, whatever was moved', () => {
  for (let moved = 0; moved <= names.length; moved++) {
    forgetPlaces();
    const folder = temporaryFolder();
    leave(folder, nameOfTheDead(), { isComplete: true, moved });
    expect(() => new KeyFolder(folder, false)).toThrow('H721');
    expect(ownersIn(folder)).toEqual(['killed', 'killed', 'killed']);
    expect(readdirSync(folder).sort()).toEqual(names);
  }
});

test('is gone where it had not been complete', () => {
  const folder = temporaryFolder();
  leave(folder, nameOfTheDead(), { isComplete: false, moved: 0 });
  const output = new KeyFolder(folder, false);
  output.write(keysOf('own'));
  output.close();
  expect(ownersIn(folder)).toEqual(['own', 'own', 'own']);
  expect(readdirSync(folder).sort()).toEqual(names);
  expect(statSync(join(folder, 'secret.key')).mode & 0o777).toBe(0o600);
});

test('is left to a process that runs, or that nobody here can know of', () => {
  for (const owner of [temporaryName(), temporaryName().replace(/-[0-9a-f]{8}-/, '-00000000-'), 'somebody else']) {
    const folder = temporaryFolder();
    leave(folder, owner, { isComplete: true, moved: 1 });
    expect(() => new KeyFolder(folder, true)).toThrow('H722');
    expect(ownersIn(folder)).toEqual(['killed', '', '']);
  }
});

test('two at once: the second is refused before the work, and may try again after the first', () => {
  const folder = temporaryFolder();
  const first = new KeyFolder(folder, false);
  forgetPlaces();
  expect(() => new KeyFolder(folder, false)).toThrow('H722');
  first.close();
  forgetPlaces();
  const second = new KeyFolder(folder, false);
  second.write(keysOf('second'));
  second.close();
  expect(ownersIn(folder)).toEqual(['second', 'second', 'second']);
  expect(readdirSync(folder).sort()).toEqual(names);
});

test('a folder that comes into being during the work is not overwritten', () => {
  const folder = join(temporaryFolder(), 'keys');
  const output = new KeyFolder(folder, false);
  mkdirSync(folder);
  writeFileSync(join(folder, 'public.key'), 'other');
  expect(() => {
    output.write(keysOf('own'));
  }).toThrow('H721');
  output.close();
  expect(readdirSync(folder)).toEqual(['public.key']);
  expect(readdirSync(join(folder, '..'))).toEqual(['keys']);
});
