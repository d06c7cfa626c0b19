/** Every command of the documentation is understood, and every option that it names is one. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commands } from '../../../cli/commands/registry.ts';
import { optionsOf } from '../../../cli/parsing/command.ts';
import { runCommandLine } from '../../../cli/parsing/program.ts';
import { idleCommands } from '../../support/cli.ts';
import { commandLines, pages } from '../../support/guide.ts';

const root = join(import.meta.dirname, '..', '..', '..');

const lines = [...new Set(pages.flatMap(commandLines))];
const hepcLines = lines.filter((line) => line.startsWith('hepc ')).map((line) => line.slice('hepc '.length));

test.each(hepcLines)('hepc %s', async (line) => {
  let seen: unknown;
  const idle = idleCommands((_, options) => {
    seen = options;
  });
  const context = { print: () => undefined, remark: () => undefined };
  await runCommandLine(line.split(' '), { commands: idle, version: '0', context });
  expect(seen).toBeDefined();
});

/** What else shell blocks hold: `npm` of a script that there is, and what a shell has itself. */
const shellWords = ['node', 'git', 'cd', 'hepc()', 'cat', 'mkdir', 'npx', 'openssl', 'printf', 'systemctl'];

test('every other command is npm with a script of the project, or one of the shell', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
  const prose = pages.map(({ text }) => text).join('\n');
  const named = [...prose.matchAll(/npm run (?:-s |--silent |--prefix \S+ )*([\w:-]+)/g)].map(([, name = '']) => name);
  expect(named.length).toBeGreaterThan(3);
  expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  const others = lines.filter((line) => !line.startsWith('hepc ') && !line.startsWith('npm '));
  expect(others.filter((line) => !shellWords.includes(line.split(' ')[0] ?? ''))).toEqual([]);
});

test('every option in the text is one of a command', async () => {
  const declared = await Promise.all(commands.map((command) => command.load()));
  const known = new Set(declared.flatMap(optionsOf).map(({ name }) => name));
  /** Of the programs of this project that are no commands of hepc, and of npm. */
  const ofOthers = ['--write', '--only', '--prefix', '--silent'];
  const unknown = pages.flatMap(({ file, text }) =>
    [...text.matchAll(/`[^`\n]*`/g)].flatMap(([code]) =>
      [...code.matchAll(/(?<=[\s`])--[a-z][a-z-]*/g)]
        .map(([option]) => option)
        .filter((option) => !known.has(option) && !ofOthers.includes(option) && !ofHelp.has(option))
        .map((option) => `${file}: ${option}`),
    ),
  );
  expect(unknown).toEqual([]);
});

/** What every command has. */
const ofHelp = new Set(['--help', '--version']);

test('what README writes is kept out of commits, the secret key above all', () => {
  const written = pages.filter(({ file }) => file === 'README.md').flatMap(commandLines);
  const outputs = written.flatMap((line) =>
    [...line.matchAll(/ (?:-o|--output|--html) (\S+)/g)].map(([, path = '']) => path),
  );
  expect(outputs).toContain('mlp.hep');
  const files = outputs.flatMap((path) =>
    path.includes('.') ? [path] : [`${path}/secret.key`, `${path}/public.key`, `${path}/eval.keys`],
  );
  const { stdout } = spawnSync('git', ['check-ignore', ...files], { cwd: root, encoding: 'utf8' });
  expect(files.filter((file) => !stdout.split('\n').includes(file))).toEqual([]);
});
