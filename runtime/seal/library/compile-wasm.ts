/** SEAL's code compiled once a process, to be handed to workers. */
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { node } from '../../base/environment.ts';

let compiled: Promise<WebAssembly.Module> | undefined;

/** Undefined in browsers, where every instance fetches its code: where the file is, node-seal's script alone knows. */
export async function compileSeal(): Promise<WebAssembly.Module | undefined> {
  if (node === undefined) return undefined;
  compiled ??= compile(node);
  return compiled;
}

async function compile(host: NodeJS.Process): Promise<WebAssembly.Module> {
  const path = host.getBuiltinModule('node:path');
  const manifest = host.getBuiltinModule('node:module').findPackageJSON('node-seal', import.meta.url);
  if (manifest === undefined) throw new InternalError('node-seal is not installed');
  // The build that throws on transparent ciphertexts: the script beside it is the package's main one.
  const file = path.join(path.dirname(manifest), 'dist', 'seal_throws.wasm');
  return WebAssembly.compile(await host.getBuiltinModule('node:fs/promises').readFile(file));
}
