/** Builds the package into an empty dist/. */
import { join } from 'node:path';
import { buildPackage } from './package/build-package.ts';

const root = join(import.meta.dirname, '..');
process.exitCode = await buildPackage(join(root, 'dist'));
