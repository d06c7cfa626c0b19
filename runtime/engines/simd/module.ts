/** The compiled kernels, and instances of them over one shared memory. */
import { readFile } from 'node:fs/promises';
import type { Kernels } from './kernels.ts';

/** Bytes of a page of WebAssembly's memory. */
export const pageBytes = 65536;

/** Pages that 32-bit addresses reach. */
export const maxPages = 65536;

let compiled: Promise<WebAssembly.Module> | undefined;

/** Compiled once in a thread; a module can be handed to workers. */
export function compileKernels(): Promise<WebAssembly.Module> {
  compiled ??= readFile(new URL('kernels.wasm', import.meta.url)).then((bytes) => WebAssembly.compile(bytes));
  return compiled;
}

export function createMemory(bytes: number): WebAssembly.Memory {
  const initial = Math.ceil(bytes / pageBytes);
  return new WebAssembly.Memory({ initial, maximum: maxPages, shared: true });
}

/** The kernels over a memory. Instances have no state of their own but their stack. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  const { exports } = new WebAssembly.Instance(module, { env: { memory, abort } });
  return exports as { readonly [K in keyof Kernels]: Kernels[K] };
}

function abort(): never {
  throw new Error('a kernel was aborted');
}
