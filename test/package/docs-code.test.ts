/**
 * The programs of README and of the guide's page about browsers, as they are printed there, on the package as it is
 * published: types of all, and the answers of README's. `guide-page.nightly.test.ts` opens the page of the guide.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codeIn } from '../support/guide.ts';
import { type Installation, installPackage, linkPackage } from '../support/package/install.ts';
import { repository } from '../support/package/manifest.ts';
import { runNode } from '../support/package/run-node.ts';

/** The code of each `@example` of a file. */
function examplesOf(file: string): string[] {
  const comments = readFileSync(join(repository, file), 'utf8').matchAll(/\* @example\n([^]*?)\s*\*\//g);
  return Array.from(comments, ([, text = '']) => text.replaceAll(/^ \* ?/gm, ''));
}

const classes = ['client', 'server', 'server-session', 'worker-client/worker-client'].map(
  (name) => `runtime/${name}.ts`,
);
const examples = [...classes, 'ir/plan/plan.ts'].map(examplesOf);

const guide = 'docs/guide/browser.md';
const [page = '', server = '', ...pieces] = codeIn(guide, 'js');
const typed = (piece: string): string =>
  piece.replaceAll(/async \((\w+), (\w+)\) =>/g, 'async ($1: number, $2: number) =>');

/** By the file that a program is written to, in a project on Node. */
const programs: Readonly<Record<string, string>> = {
  ...Object.fromEntries(codeIn('README.md', 'ts').map((code, k) => [`readme-${k + 1}.ts`, code])),
  'examples.ts': `
    import { readFile } from 'node:fs/promises';
    import { Client, readClientPart, readPlan, Server, type ServerSession } from 'hepc';
    import { WorkerClient } from 'hepc/client-worker';
    declare const pixels: Float32Array, outputs: Uint8Array, inputs: Uint8Array, evaluationKeys: Uint8Array;
    declare const session: ServerSession, bar: { value: number };
    ${examples
      .flat()
      .map((example, k) => `export async function example${k}() {\n${example}\n}`)
      .join('\n')}
  `,
  'pieces.ts': `
    import { WorkerClient } from 'hepc/client-worker';
    declare const client: WorkerClient, images: readonly Float32Array[], file: Uint8Array;
    ${pieces.map((piece, k) => `export async function piece${k}() {\n${typed(piece)}\n}`).join('\n')}
  `,
};

let installed: Installation;
/** What the compiler says, of all programs at once: the libraries and our declarations take most of its time. */
let complaints: readonly string[];
beforeAll(async () => {
  installed = await installPackage();
  const { folder } = installed;
  for (const [file, code] of Object.entries(programs)) writeFileSync(join(folder, file), code);
  linkPackage('@types/node', folder);
  const compilerOptions = {
    ...{ module: 'nodenext', target: 'es2024', lib: ['es2024', 'dom'], types: ['node'] },
    ...{ strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, noEmit: true },
    // Ours are checked by `package.test.ts`.
    skipLibCheck: true,
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: Object.keys(programs) }));
  const { stdout } = await run(join(repository, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', folder);
  complaints = stdout.split('\n').filter((line) => line !== '');
}, 180_000);
afterAll(() => {
  rmSync(installed.folder, { recursive: true });
});

const run = (...args: readonly string[]) => runNode(process.execPath, args, installed.folder);

test('programs of the README, examples of classes and pieces of programs in the guide have right types', () => {
  expect(examples.map(({ length }) => length)).toEqual([1, 1, 1, 1, 1]);
  expect(pieces).toHaveLength(2);
  expect(complaints).toEqual([]);
});

test.each(Object.keys(programs).filter((file) => file.startsWith('readme-')))('%s answers', async (file) => {
  const { exitCode, stdout, stderr } = await run('--disable-warning=ExperimentalWarning', file);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toContain('Float64Array(10)');
});

test('a page and its server take fewer lines than the guide says, and fewer than 50', () => {
  const own = [page, server]
    .join('')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const stated = Number(/\((\d+) lines in all\)/.exec(readFileSync(join(repository, guide), 'utf8'))?.[1]);
  expect(own.length).toBe(stated);
  expect(stated).toBeLessThan(50);
});
