/** What zsh and fish offer by the scripts for them, in the shells themselves; bash is in the test of the scripts. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commands } from '../../cli/commands/registry.ts';
import { completionScript } from '../../cli/parsing/completion.ts';
import { temporaryFolder } from '../support/cli.ts';

const loaded = await Promise.all(commands.map((entry) => entry.load()));
const names = [...commands.map(({ name }) => name), 'completion', 'help'];

/** Of the last word of each line, in a folder with the files `a.hep` and `b.hep`. */
const offers: readonly (readonly [line: string, words: readonly string[]])[] = [
  ['hepc en', ['encrypt']],
  ['hepc ', names],
  ['hepc help com', ['compile', 'completion']],
  ['hepc completion ', ['bash', 'zsh', 'fish']],
  ['hepc encrypt --li', ['--limit']],
  ['hepc compile m.onnx --max-', ['--max-error', '--max-disagreement', '--max-degree', '--max-memory', '--max-upload']],
  ['hepc compile --weights ', ['plain', 'encrypted']],
  ['hepc run a.hep --engine s', ['simd', 'seal-wasm']],
  ['hepc inspect ', ['a.hep', 'b.hep']],
  ['hepc encrypt a.hep --input b', ['b.hep']],
  ['hepc keygen a.hep ', ['a.hep', 'b.hep']],
];
/** Where nothing else may be offered. */
const complete = new Set(['hepc en', 'hepc ', 'hepc completion ', 'hepc compile --weights ', 'hepc encrypt --li']);

function folderOf(shell: 'zsh' | 'fish'): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'script'), completionScript(shell, loaded));
  for (const name of ['a.hep', 'b.hep']) writeFileSync(join(folder, name), '');
  return folder;
}

function expectOffers(offered: (line: string) => readonly string[]): void {
  for (const [line, words] of offers) {
    if (complete.has(line)) expect(offered(line).toSorted(), line).toEqual(words.toSorted());
    else expect(offered(line), line).toEqual(expect.arrayContaining([...words]));
  }
}

function runs(shell: string): boolean {
  return spawnSync(shell, ['-c', ':']).status === 0;
}

const hasZsh = runs('zsh');
describe.skipIf(!hasZsh)(hasZsh ? 'zsh' : 'zsh is not installed', () => {
  test('offers commands, options, values and files', { timeout: 60_000 }, () => {
    const folder = folderOf('zsh');
    const driver = join(import.meta.dirname, '..', 'support', 'offered.zsh');
    const { status, stdout, stderr } = spawnSync('zsh', ['-f', driver, ...offers.map(([line]) => line)], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, HOME: folder, SCRIPT: join(folder, 'script') },
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const parts = stdout.split(/^> /m).slice(1);
    const offered = new Map(
      parts.map((part) => {
        const [line = '', ...words] = part.replace(/\n$/, '').split('\n');
        return [line, words] as const;
      }),
    );
    expectOffers((line) => offered.get(line) ?? []);
  });
});

const hasFish = runs('fish');
describe.skipIf(!hasFish)(hasFish ? 'fish' : 'fish is not installed', () => {
  test('offers commands, options, values and files', () => {
    const folder = folderOf('fish');
    expectOffers((line) => {
      const { status, stdout, stderr } = spawnSync(
        'fish',
        ['--no-config', '-c', 'source script; complete -C "$argv[1]"', line],
        { cwd: folder, encoding: 'utf8', env: { ...process.env, HOME: folder } },
      );
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      return stdout.split('\n').flatMap((each) => (each === '' ? [] : [each.split('\t')[0] ?? '']));
    });
  });
});
