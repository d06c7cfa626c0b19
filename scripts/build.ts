/** Compiles the sources into an empty dist/. */
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { runChild } from './child-process.mjs';

const root = join(import.meta.dirname, '..');
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');

/** Compiled before any command of this repository starts. */
const kernels = join('runtime', 'engines', 'simd', 'kernels', 'kernels.wasm');

rmSync(join(root, 'dist'), { recursive: true, force: true });
process.exitCode = await runChild(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: root });
if (process.exitCode === 0) {
  trimManifest();
  copyFileSync(join(root, kernels), join(root, 'dist', kernels));
}

/** The compiler copies the manifest beside what imports it. Only name, version and type are read from there. */
function trimManifest(): void {
  const file = join(root, 'dist', 'package.json');
  const manifest = z.object({ name: z.string(), version: z.string(), type: z.string() });
  writeFileSync(file, JSON.stringify(manifest.parse(JSON.parse(readFileSync(file, 'utf8'))), null, 2));
}
