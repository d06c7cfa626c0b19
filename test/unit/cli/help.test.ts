import { describe, expect, test } from 'vitest';
import { type Command, groups, optionsOf } from '../../../cli/shell/command.ts';
import { commands } from '../../../cli/commands/registry.ts';
import { commandHelp, flagsOf, rootHelp } from '../../../cli/shell/help.ts';
import { runCommandLine } from '../../../cli/shell/program.ts';
import { runCli } from '../../support/cli.ts';

test('the help lists every command once, under its group, and fits 80 columns', () => {
  const help = rootHelp(commands, '1.2.3');
  for (const { name, summary } of commands) expect(help.split(`  ${summary}\n`), name).toHaveLength(2);
  const places = groups.map((group) => help.indexOf(`${group}:\n`));
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  expect(places).not.toContain(-1);
  expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
});

test.each(commands)('the help of $name describes every option, and fits 80 columns', (command) => {
  const help = commandHelp(command);
  for (const option of optionsOf(command)) {
    expect(option.doc, option.name).not.toBe('');
    expect(help).toContain(`  ${option.argument === true ? option.name : flagsOf(option)}`);
  }
  expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
});

describe('examples', () => {
  /** The commands, which check their options and do nothing. */
  const parsed: { readonly name: string; readonly options: unknown }[] = [];
  const idle = commands.map((command): Command => ({
    ...command,
    execute: (raw) => {
      parsed.push({ name: command.name, options: command.options.parse(raw) });
      return Promise.resolve();
    },
  }));
  const context = { print: () => undefined, remark: () => undefined };

  test.each(commands.flatMap(({ name, examples }) => examples.map((example) => ({ name, example }))))(
    '$example',
    async ({ name, example }) => {
      await runCommandLine(example.split(' '), { commands: idle, version: '0', context });
      expect(parsed.at(-1)?.name).toBe(name);
    },
  );
});

test('help of a command by either way', async () => {
  const direct = await runCli('compile', '--help');
  expect(direct).toMatchObject({ exitCode: 0, stderr: '' });
  expect(direct.stdout).toContain('Usage:\n  hepc compile MODEL.onnx --output PLAN.hep [options]\n');
  expect(await runCli('help', 'compile')).toEqual(direct);
  expect((await runCli('help')).stdout).toBe((await runCli('--help')).stdout);
});

test('the version', async () => {
  expect(await runCli('--version')).toEqual({ exitCode: 0, stdout: '0.0.0-test\n', stderr: '' });
});
