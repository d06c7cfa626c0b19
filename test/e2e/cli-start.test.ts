/** What a command loads before it can begin: start-up is imports, and these are counted instead of timed. */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { spawnCli, temporaryFolder } from '../support/cli.ts';

const root = join(import.meta.dirname, '..', '..');
const preload = pathToFileURL(join(import.meta.dirname, '..', 'support', 'list-modules.mjs')).href;

/** Paths from the root; packages by their names. */
async function loadedModules(...args: readonly string[]): Promise<string[]> {
  const list = join(temporaryFolder(), 'modules');
  await spawnCli(args, { env: { HEPC_MODULES: list }, node: ['--import', preload] });
  return readFileSync(list, 'utf8')
    .trimEnd()
    .split('\n')
    .filter((url) => url.startsWith('file:'))
    .map((url) => /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? relative(root, fileURLToPath(url)));
}

test.each([['--version'], ['help'], ['--help'], []])('%j loads no declaration and no parser', async (...args) => {
  const modules = await loadedModules(...args);
  expect(modules).toContain('cli/commands/registry.ts');
  expect(modules.filter((each) => /^(zod|commander|cli\/(commands|actions)\/.*\/)/.test(each))).toEqual([]);
  expect(modules.length).toBeLessThan(25);
});

test.each(['prune', 'compile', 'verify', 'eval'])('the help of %s loads its declaration alone', async (name) => {
  const modules = await loadedModules('help', name);
  expect(modules.filter((each) => each.startsWith('cli/actions/'))).toEqual([]);
  expect(modules.filter((each) => /^cli\/commands\/(making|running|looking)\//.test(each))).toHaveLength(1);
  expect(modules.filter((each) => /^(compiler|passes|training|runtime)\//.test(each)).length).toBeLessThan(3);
});

const compilers = /^(compiler|passes|training|pruning)\/|^(onnx-proto|onnxruntime-web|protobufjs|ml-matrix|linkedom)$/;
/** Of the client and the server. */
const engines = /^runtime\/engines\/(simd|seal-wasm|registry)/;

test.each([
  ['explain', 'H332'],
  ['inspect', 'none.hep'],
  ['client-part', 'none.hep', '-o', 'none'],
  ['keygen', 'none.hep', '-o', 'none'],
  ['encrypt', 'none.hep', '--keys', 'none', '--input', 'none', '-o', 'none.ct'],
  ['decrypt', 'none.hep', '--keys', 'none', '--input', 'none', '-o', 'none.npy'],
])('%s loads no compiler and no engine', async (...args) => {
  const modules = await loadedModules(...args);
  expect(modules.filter((each) => each.startsWith('cli/actions/'))).toHaveLength(1);
  expect(modules.filter((each) => compilers.test(each) || engines.test(each))).toEqual([]);
});

test.each([
  ['eval', 'none.hep', '--keys', 'none', '--input', 'none', '-o', 'none.ct'],
  ['run', 'none.hep', '--input', 'none'],
  ['bind', 'none.hep', '--public-key', 'none', '-o', 'none.out'],
])('%s loads no compiler', async (...args) => {
  const modules = await loadedModules(...args);
  expect(modules.filter((each) => compilers.test(each))).toEqual([]);
});
