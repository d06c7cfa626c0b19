/** The programs of README and of the guide's page about browsers, as they are printed there, on the package as it is published. */
import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isThere, launchChromium, place } from '../support/browser/chromium.ts';
import { type Installation, installPackage, linkPackage } from '../support/package/install.ts';
import { repository } from '../support/package/manifest.ts';
import { runNode } from '../support/package/run-node.ts';

let installed: Installation;
beforeAll(async () => {
  installed = await installPackage();
}, 180_000);
afterAll(() => {
  rmSync(installed.folder, { recursive: true });
});

const run = (...args: readonly string[]) => runNode(process.execPath, args, installed.folder);

/** What the compiler says of a program of a project on Node, which is written to `file`. */
async function typeErrors(file: string, code: string): Promise<string> {
  const { folder } = installed;
  writeFileSync(join(folder, file), code);
  linkPackage('@types/node', folder);
  const compilerOptions = {
    ...{ module: 'nodenext', target: 'es2024', lib: ['es2024', 'dom'], types: ['node'] },
    ...{ strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, noEmit: true },
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }));
  return (await run(join(repository, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', folder)).stdout;
}

/** The blocks of code of a text, by language. */
function blocks(file: string, language: string): string[] {
  const text = readFileSync(join(repository, file), 'utf8');
  return Array.from(text.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'gm')), ([, code = '']) => code);
}

test.each(blocks('README.md', 'ts').map((code, k) => [k + 1, code] as const))(
  'program %i of the README has right types and answers',
  async (k, code) => {
    const file = `readme-${k}.ts`;
    expect(await typeErrors(file, code)).toBe('');
    const { exitCode, stdout, stderr } = await run('--disable-warning=ExperimentalWarning', file);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain('Float64Array(10)');
  },
);

/** The code of each `@example` of a file. */
function examplesOf(file: string): string[] {
  const comments = readFileSync(join(repository, file), 'utf8').matchAll(/\* @example\n([^]*?)\s*\*\//g);
  return Array.from(comments, ([, text = '']) => text.replaceAll(/^ \* ?/gm, ''));
}

test('examples of classes have right types', async () => {
  const files = ['client', 'server', 'server-session', 'worker-client/worker-client'].map(
    (name) => `runtime/${name}.ts`,
  );
  const examples = [...files, 'ir/plan/plan.ts'].map(examplesOf);
  expect(examples.map(({ length }) => length)).toEqual([1, 1, 1, 1, 1]);
  const code = `
    import { readFile } from 'node:fs/promises';
    import { Client, readClientPart, readPlan, Server, type ServerSession } from 'hepc';
    import { WorkerClient } from 'hepc/client-worker';
    declare const pixels: Float32Array, outputs: Uint8Array, inputs: Uint8Array, evaluationKeys: Uint8Array;
    declare const session: ServerSession, bar: { value: number };
    ${examples
      .flat()
      .map((example, k) => `export async function example${k}() {\n${example}\n}`)
      .join('\n')}
  `;
  expect(await typeErrors('examples.ts', code)).toBe('');
});

const guide = 'docs/guide/browser.md';
const [page = '', server = '', ...pieces] = blocks(guide, 'js');
const lines = blocks(guide, 'sh').flatMap((block) => block.trim().split('\n'));

test('a page and its server take fewer lines than the guide says, and fewer than 50', () => {
  const own = [page, server]
    .join('')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const stated = Number(/\((\d+) lines in all\)/.exec(readFileSync(join(repository, guide), 'utf8'))?.[1]);
  expect(own.length).toBe(stated);
  expect(stated).toBeLessThan(50);
});

test('pieces of programs in the guide have right types', async () => {
  expect(pieces).toHaveLength(2);
  const typed = (piece: string): string =>
    piece.replaceAll(/async \((\w+), (\w+)\) =>/g, 'async ($1: number, $2: number) =>');
  const code = `
    import { WorkerClient } from 'hepc/client-worker';
    declare const client: WorkerClient, images: readonly Float32Array[], file: Uint8Array;
    ${pieces.map((piece, k) => `export async function piece${k}() {\n${typed(piece)}\n}`).join('\n')}
  `;
  expect(await typeErrors('pieces.ts', code)).toBe('');
});

describe.skipIf(!isThere)(`in ${place}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  test('the page of the guide decrypts what its server has computed', async () => {
    const { folder } = installed;
    writeFileSync(join(folder, 'page.mjs'), page);
    writeFileSync(join(folder, 'server.mjs'), server);
    linkPackage('esbuild', folder);
    const programs: Readonly<Record<string, string>> = {
      hepc: 'node_modules/hepc/dist/bin/hepc.cjs',
      esbuild: 'node_modules/esbuild/bin/esbuild',
    };
    const commands = lines.filter((line) => line.startsWith('npx '));
    expect(commands).toHaveLength(3);
    for (const command of commands) {
      const [, name = '', ...args] = command.split(' ');
      expect(await run(programs[name] ?? name, ...args)).toMatchObject({ exitCode: 0 });
    }
    expect(lines.at(-1)).toBe('node server.mjs');
    const served = spawn(process.execPath, ['server.mjs'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const url = await new Promise<string>((resolve) => {
        served.stdout.setEncoding('utf8').once('data', (text: string) => resolve(text.trim()));
      });
      const tab = await browser.newPage();
      await tab.goto(url);
      await tab.waitForFunction(`document.body.textContent.startsWith('It is')`, undefined, { timeout: 150_000 });
      expect(await tab.textContent('body')).toBe('It is a 7.');
    } finally {
      served.kill();
    }
  });
});
