import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { commands } from '../../../cli/commands/registry.ts';
import { optionsOf } from '../../../cli/parsing/command.ts';
import { completionScript, shells } from '../../../cli/parsing/completion.ts';
import { completionHelp } from '../../../cli/parsing/root-help.ts';
import { runCli } from '../../support/cli.ts';

const loaded = await Promise.all(commands.map((entry) => entry.load()));

/** What bash offers for the last of `words`. */
function completions(...words: readonly string[]): string[] {
  const script = `${completionScript('bash', loaded)}
COMP_WORDS=("$@"); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _hepc; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', ...words], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.split('\n').filter((line) => line !== '');
}

test('bash completes commands, options and the values of those that have a list', () => {
  expect(completions('hepc', 'en')).toEqual(['encrypt']);
  expect(completions('hepc', '')).toEqual(expect.arrayContaining([...commands.map(({ name }) => name), 'help']));
  expect(completions('hepc', 'help', 'com')).toEqual(['compile', 'completion']);
  expect(completions('hepc', 'completion', '')).toEqual([...shells]);
  expect(completions('hepc', 'compile', '--max-')).toEqual(expect.arrayContaining(['--max-error', '--max-memory']));
  expect(completions('hepc', 'compile', '--weights', '')).toEqual(['plain', 'encrypted']);
  expect(completions('hepc', 'run', 'p.hep', '--engine', 's')).toEqual(['simd', 'seal-wasm']);
  expect(completions('hepc', 'encrypt', '-')).toEqual(expect.arrayContaining(['-o', '--output', '--help']));
  // Files are left to the shell.
  expect(completions('hepc', 'compile', '--calibrate', '--')).toEqual([]);
  expect(completions('hepc', 'compile', '')).toEqual([]);
});

test('help says how a shell takes the script', async () => {
  for (const args of [
    ['help', 'completion'],
    ['completion', '--help'],
    ['completion', 'zsh', '-h'],
  ])
    expect(await runCli(...args)).toMatchObject({ exitCode: 0, stdout: completionHelp, stderr: '' });
  for (const shell of shells) expect(completionHelp).toContain(`hepc completion ${shell}`);
  const extra = await runCli('completion', 'bash', 'zsh');
  expect(extra).toMatchObject({ exitCode: 2, stdout: '' });
  expect(extra.stderr).toContain('completion takes one shell, got 2');
});

test.each(shells)('the script for %s has every command and option', async (shell) => {
  const { exitCode, stdout } = await runCli('completion', shell);
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: completionScript(shell, loaded) });
  for (const command of loaded) {
    expect(stdout).toContain(command.name);
    for (const { name, argument } of optionsOf(command))
      if (argument !== true) expect(stdout).toContain(shell === 'fish' ? ` -l ${name.slice(2)}` : name);
  }
  // Documentation in it is quoted.
  expect(stdout.replaceAll("'\\''", '').split("'").length % 2).toBe(1);
});

test('an unknown shell, or none, is refused', async () => {
  const unknown = await runCli('completion', 'zhs');
  expect(unknown).toMatchObject({ exitCode: 2, stdout: '' });
  expect(unknown.stderr).toContain('the shell "zhs" is unknown: expected bash, zsh or fish');
  expect(unknown.stderr).toContain('Did you mean zsh?');
  expect((await runCli('completion')).stderr).toContain('the shell is missing');
});
