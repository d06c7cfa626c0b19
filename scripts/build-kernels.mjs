/**
 * Compiles the AssemblyScript kernels to WebAssembly, if the sources are newer than what is there: once for 32-bit addresses,
 * and once for memories beyond what those reach (`wide-kernels.mjs`).
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

const options = [
  ['-O3', '--noAssert', '--runtime', 'stub', '--importMemory', '--sharedMemory'],
  ['--enable', 'simd', '--enable', 'relaxed-simd', '--enable', 'threads'],
  // 4 GiB, all that 32-bit addresses reach.
  ['--initialMemory', '1', '--maximumMemory', '65536'],
].flat();

const wideTransform = join('scripts', 'wide-kernels.mjs');

/** The file of each build, and the options that it has besides. */
const builds = [
  { file: 'kernels.wasm', more: [] },
  { file: 'kernels-wide.wasm', more: ['--transform', `./${wideTransform}`] },
];

/**
 * @param {string} root of the repository
 * @param {string} node that runs the compiler
 * @returns {Promise<number>} the compiler's exit code; 0 where nothing was to do
 */
export async function buildKernels(root, node = process.execPath) {
  const sources = join(root, ...kernels, 'assembly');
  const compiler = join(root, 'node_modules', 'assemblyscript', 'bin', 'asc.js');
  for (const { file, more } of builds) {
    const target = join(root, ...kernels, file);
    if (isNewer(target, sources, join(root, wideTransform))) continue;
    // Beside the target until it is whole, for another process may load it meanwhile.
    const unfinished = `${target}.${process.pid}`;
    const command = [compiler, join(sources, 'index.ts'), '-o', unfinished, ...options, ...more];
    const code = await runChild(node, command, { cwd: root });
    if (code === 0) renameSync(unfinished, target);
    else {
      rmSync(unfinished, { force: true });
      return code;
    }
  }
  return 0;
}

/**
 * @param {string} target
 * @param {string} sources a folder
 * @param {string} transform
 */
function isNewer(target, sources, transform) {
  if (!existsSync(target)) return false;
  const made = statSync(target).mtimeMs;
  const files = readdirSync(sources, { recursive: true }).map((name) => join(sources, String(name)));
  return [sources, transform, ...files].every((file) => statSync(file).mtimeMs < made);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = await buildKernels(dirname(dirname(fileURLToPath(import.meta.url))));
}
