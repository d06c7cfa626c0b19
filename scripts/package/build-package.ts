/** The package as it is published: sources compiled, declarations of what is public, and what is copied. */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { runChild } from '../child-process.mjs';
import { buildForBrowsers } from './browser.ts';
import { bundleDeclarations } from './declarations.ts';
import { buildPage } from './page.ts';

const root = join(import.meta.dirname, '..', '..');
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');

/** Not for the compiler of TypeScript; the kernels are compiled before any command of this repository starts. */
const copied = [
  'runtime/rns/kernels/kernels.wasm',
  'runtime/rns/kernels/kernels-wide.wasm',
  'bin/hepc.cjs',
  'bin/start.cjs',
];

export interface BuildOptions {
  /** Whether types are checked first; declarations need none of that, but take as long. Default true. */
  readonly checksTypes?: boolean;
}

/** Replaces the folder `dist` by what the package has there. Gives the exit code of the compiler. */
export async function buildPackage(dist: string, { checksTypes = true }: BuildOptions = {}): Promise<number> {
  rmSync(dist, { recursive: true, force: true });
  const types = join(dist, 'all-types');
  const options = [
    ...['-p', 'tsconfig.build.json', '--outDir', dist],
    ...(checksTypes ? [] : ['--noCheck']),
    ...['--declaration', '--declarationDir', types],
  ];
  const code = await runChild(process.execPath, [compiler, ...options], { cwd: root });
  if (code !== 0) return code;
  trimManifest(join(dist, 'package.json'));
  for (const file of copied) {
    mkdirSync(dirname(join(dist, file)), { recursive: true });
    copyFileSync(join(root, file), join(dist, file));
  }
  await buildForBrowsers(join(dist, 'browser'));
  await buildPage(join(dist, 'page'));
  await bundleDeclarations(types, join(dist, 'types'));
  rmSync(types, { recursive: true });
  return 0;
}

/** The compiler copies the manifest beside what imports it. Only name, version and type are read from there. */
function trimManifest(file: string): void {
  const manifest = z.object({ name: z.string(), version: z.string(), type: z.string() });
  writeFileSync(file, JSON.stringify(manifest.parse(JSON.parse(readFileSync(file, 'utf8'))), null, 2));
}
