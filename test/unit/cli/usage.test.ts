import { expect, test } from 'vitest';
import { z } from 'zod';
import { commandEntry } from '../../../cli/parsing/command-entry.ts';
import { part, partBelow } from '../../../cli/parsing/option-values.ts';
import { runCli } from '../../support/cli.ts';

test.each([
  [['compyle'], 'unknown command "compyle"', 'Did you mean compile?'],
  [['hlep'], 'unknown command "hlep"', 'Did you mean help?'],
  [['help', 'evl'], 'unknown command "evl"', 'Did you mean eval?'],
  [['zzzzzzzzz'], 'unknown command "zzzzzzzzz"', 'See `hepc help`.'],
  [['--versoin'], "unknown option '--versoin'", 'Did you mean --version?'],
  [['compile', 'm.onnx', '-o', 'p.hep', '--calibrat', 'x'], "unknown option '--calibrat'", 'Did you mean --calibrate?'],
  [['compile', '--calibrat', 'x'], "unknown option '--calibrat'", 'Did you mean --calibrate?'],
  [['compile', 'm.onnx'], 'the option --output is missing', 'See `hepc help compile`.'],
  [['compile', '-o', 'p.hep'], "missing required argument 'MODEL.onnx'", 'See `hepc help compile`.'],
  [['compile', 'm.onnx', '-o'], "option '-o, --output <PLAN.hep>' argument missing", 'See `hepc help compile`.'],
  [['inspect', 'a', 'b'], 'too many arguments. Expected 1 argument but got 2.', 'See `hepc help inspect`.'],
  [
    ['run', 'p.hep', '--input', 'x', '--threads', '0'],
    '--threads: expected a whole number from 1 to 64, got "0"',
    'run',
  ],
  [['run', 'p.hep', '--input', 'x', '--threads', '1.5'], 'expected a whole number from 1 to 64, got "1.5"', 'run'],
  [
    ['run', 'p.hep', '--input', 'x', '--limit', 'all'],
    '--limit: expected a whole number of at least 1, got "all"',
    'run',
  ],
  [
    ['run', 'p.hep', '--input', 'x', '--engine', 'cleer'],
    'expected auto, simd, seal-wasm or clear (did you mean clear?)',
    'run',
  ],
  [['compile', 'm', '-o', 'p', '--max-error', '0'], 'at most 1, or per cent such as 1%, got "0"', 'compile'],
  [['compile', 'm', '-o', 'p', '--max-error', 'Infinity'], 'expected a number above 0', 'compile'],
  [['compile', 'm', '-o', 'p', '--batch', '-3'], '--batch', 'compile'],
  [
    ['compile', 'm', '-o', 'p', '--max-memory', '512'],
    'expected a size with its unit, such as 512MiB or 2GiB (did you mean 512MiB?), got "512"',
    'compile',
  ],
])('%j is refused with exit code 2', async (args, message, note) => {
  const { exitCode, stdout, stderr } = await runCli(...args);
  expect(stderr).toContain(message);
  expect(stderr).toContain(note);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
});

test('a part of a whole is a number or per cent', () => {
  const read = (given: string) => part().safeParse(given).data;
  expect(['0.01', '1%', ' 1.35 % ', '100%', '1e-1%'].map(read)).toEqual([0.01, 0.01, 0.0135, 1, 0.001]);
  expect(['0', '0%', '101%', '2', '%', 'one', '-1%'].map(read)).toEqual(new Array(7).fill(undefined));
  expect(partBelow().safeParse('0%').data).toBe(0);
});

test('all bad values are reported at once', async () => {
  const { stderr } = await runCli('compile', 'm', '-o', 'p', '--max-error', '2', '--weights', 'secret');
  expect(stderr.match(/^error\[H702\]/gm)).toHaveLength(2);
});

test('explain explains, in any case, and lists', async () => {
  const { stdout } = await runCli('explain', 'h332');
  expect(stdout).toContain('H332 (error): no 128-bit secure parameters');
  expect((await runCli('explain', '332')).stdout).toBe(stdout);
  expect((await runCli('explain')).stdout).toContain('H332');
  const unknown = await runCli('explain', 'H33');
  expect(unknown.exitCode).toBe(1);
  expect(unknown.stderr).toMatch(/there is no diagnostic "H33"\n {2}help: Did you mean H3/);
});

test('passes lists and describes', async () => {
  expect((await runCli('passes')).stdout).toContain('merge-linear (tensor)\n');
  expect((await runCli('passes', 'fold-rotations')).stdout).toMatch(/^fold-rotations \(level he\)\n[^]*\nReports\n/);
  const unknown = await runCli('passes', 'fold-rotation');
  expect(unknown).toMatchObject({ exitCode: 1, stdout: '' });
  expect(unknown.stderr).toContain('Did you mean fold-rotations?');
});

test('no command sends to the terminal what it would obey', async () => {
  const entry = commandEntry({
    name: 'say',
    group: 'Compile a model',
    summary: '',
    declaration: () => Promise.resolve({ details: [], options: z.strictObject({}), examples: [] }),
    action: () =>
      Promise.resolve((_, { print, remark }) => {
        print('a\u001b[2Jb\u009b1m\n');
        remark('c\u202ed\re');
      }),
  });
  const command = await entry.load();
  const said: string[] = [];
  const say = (text: string): void => {
    said.push(text);
  };
  await command.execute({}, { print: say, remark: say });
  expect(said).toEqual(['a\\u001b[2Jb\\u009b1m\n', 'c\\u202ed\\u000de']);
});
