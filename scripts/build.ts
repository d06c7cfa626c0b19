/** Compiles the sources into an empty dist/. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { runChild } from './child-process.mjs';

const root = join(import.meta.dirname, '..');
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');

rmSync(join(root, 'dist'), { recursive: true, force: true });
process.exitCode = await runChild(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: root });
