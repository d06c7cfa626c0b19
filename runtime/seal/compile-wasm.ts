/** SEAL's code compiled once a process, to be handed to workers. Node only: reads node-seal's file. */
import { readFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';

let compiled: Promise<WebAssembly.Module> | undefined;

export function compileSeal(): Promise<WebAssembly.Module> {
  compiled ??= compile();
  return compiled;
}

async function compile(): Promise<WebAssembly.Module> {
  const manifest = findPackageJSON('node-seal', import.meta.url);
  if (manifest === undefined) throw new InternalError('node-seal is not installed');
  // The build that throws on transparent ciphertexts: the script beside it is the package's main one.
  return WebAssembly.compile(await readFile(join(dirname(manifest), 'dist', 'seal_throws.wasm')));
}
