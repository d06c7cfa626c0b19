import { describe, expect, test } from 'vitest';
import { optionsOf } from '../../../cli/parsing/command.ts';
import { groups } from '../../../cli/parsing/declaration.ts';
import { commands } from '../../../cli/commands/registry.ts';
import { commandHelp, flagsOf } from '../../../cli/parsing/help.ts';
import { rootExamples, rootHelp } from '../../../cli/parsing/root-help.ts';
import { runCommandLine } from '../../../cli/parsing/program.ts';
import { idleCommands, runCli } from '../../support/cli.ts';

test('the help lists every command once, under its group, and fits 80 columns', () => {
  const help = rootHelp(commands, '1.2.3');
  for (const { name, summary } of commands) expect(help.split(`  ${summary}\n`), name).toHaveLength(2);
  const places = groups.map((group) => help.indexOf(`${group}:\n`));
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  expect(places).not.toContain(-1);
  expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
});

const loaded = await Promise.all(commands.map((command) => command.load()));

test('the examples of all commands are the first of some', () => {
  for (const example of rootExamples) expect(loaded.map(({ examples }) => examples[0])).toContain(example);
});

test.each(loaded)('the help of $name describes every option, and fits 80 columns', (command) => {
  const help = commandHelp(command);
  for (const option of optionsOf(command)) {
    expect(option.doc, option.name).not.toBe('');
    expect(help).toContain(`  ${option.argument === true ? option.name : flagsOf(option)}`);
  }
  expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
});

test.each(loaded)('the headings in the help of $name have options that there are, each once', (command) => {
  const keys = Object.values(command.headings ?? {}).flat();
  expect(new Set(keys).size).toBe(keys.length);
  expect(optionsOf(command).map(({ key }) => key)).toEqual(expect.arrayContaining(keys));
  for (const heading of Object.keys(command.headings ?? {})) expect(commandHelp(command)).toContain(`\n${heading}:\n`);
});

test('the options of compile stand under headings', () => {
  const compile = loaded.find(({ name }) => name === 'compile');
  const headings =
    compile === undefined ? [] : [...commandHelp(compile).matchAll(/^(\S[^\n]*):$/gm)].map(([, name]) => name);
  expect(headings).toEqual(['Usage', 'Options', 'Accuracy', 'Goal', 'Limits', 'Pruning', 'Looking inside', 'Examples']);
});

describe('examples', () => {
  /** The commands, which check their options and do nothing. */
  const parsed: { readonly name: string; readonly options: unknown }[] = [];
  const idle = idleCommands((name, options) => {
    parsed.push({ name, options });
  });
  const context = { print: () => undefined, remark: () => undefined };

  test.each(loaded.flatMap(({ name, examples }) => examples.map((example) => ({ name, example }))))(
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
  expect(direct.stdout).toContain('Usage:\n  hepc compile MODEL.onnx [options]\n');
  expect(await runCli('help', 'compile')).toEqual(direct);
  expect(await runCli('compile', '-h')).toEqual(direct);
});

test.each([[['--help']], [['-h']], [['help', 'help']], [[]]])('%j is the help of all commands', async (args) => {
  const help = await runCli('help');
  expect(help).toMatchObject({ exitCode: 0, stderr: '' });
  expect(await runCli(...args)).toEqual(help);
});

test('the version', async () => {
  expect(await runCli('--version')).toEqual({ exitCode: 0, stdout: '0.0.0-test\n', stderr: '' });
});
