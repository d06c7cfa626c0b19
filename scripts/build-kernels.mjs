/**
 * Compiles the AssemblyScript kernels to WebAssembly, if the sources are newer than what is there.
 *
 *   node scripts/build-kernels.mjs
 *
 * Plain JavaScript without dependencies but the compiler, which it runs as a process: every command of this repository
 * calls it before it starts.
 */
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { runChild } from './child-process.mjs';

const kernels = ['runtime', 'rns', 'kernels'];

/** 4 GiB, all that 32-bit addresses reach. */
const maxPages = 65536;

const options = [
  ['-O3', '--noAssert', '--runtime', 'stub', '--importMemory', '--sharedMemory'],
  ['--initialMemory', '1', '--maximumMemory', String(maxPages)],
  ['--enable', 'simd', '--enable', 'relaxed-simd', '--enable', 'threads'],
].flat();

/**
 * @param {string} root of the repository
 * @param {string} node that runs the compiler
 * @returns {Promise<number>} the compiler's exit code; 0 where nothing was to do
 */
export async function buildKernels(root, node = process.execPath) {
  const sources = join(root, ...kernels, 'assembly');
  const target = join(root, ...kernels, 'kernels.wasm');
  if (isNewer(target, sources)) return 0;
  // Beside the target until it is whole, for another process may load it meanwhile.
  const unfinished = `${target}.${process.pid}`;
  const compiler = join(root, 'node_modules', 'assemblyscript', 'bin', 'asc.js');
  const code = await runChild(node, [compiler, join(sources, 'index.ts'), '-o', unfinished, ...options], { cwd: root });
  if (code === 0) renameSync(unfinished, target);
  else rmSync(unfinished, { force: true });
  return code;
}

/**
 * @param {string} target
 * @param {string} sources
 */
function isNewer(target, sources) {
  if (!existsSync(target)) return false;
  const made = statSync(target).mtimeMs;
  const files = readdirSync(sources, { recursive: true }).map((name) => join(sources, String(name)));
  return [sources, ...files].every((file) => statSync(file).mtimeMs < made);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = await buildKernels(dirname(dirname(fileURLToPath(import.meta.url))));
}
