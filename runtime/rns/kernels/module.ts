/** The compiled kernels, and instances of them over one memory: a shared one, or one that is its owner's alone. */
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { outOfMemory } from '../../../ir/diagnostics/runtime.ts';
import { describeError } from '../../seal/library/exceptions.ts';
import { UnfitError } from '../../base/fallback.ts';
import type { Kernels } from './kernels.ts';
import { readKernels } from './read-kernels.ts';
import { withoutSharing } from './without-sharing.ts';

/** Bytes of a page of WebAssembly's memory. */
export const pageBytes = 65536;

/** Pages that 32-bit addresses reach. */
export const maxPages = 65536;

/** By the kind of their memory. */
const compiled = new Map<'shared' | 'own', Promise<WebAssembly.Module>>();

/**
 * For a shared memory. Compiled once in a thread; a module can be handed to workers. Rejects with `WebAssembly.CompileError`
 * where the machine cannot run them, and with `UnfitError` where they cannot be fetched.
 */
export function compileKernels(): Promise<WebAssembly.Module> {
  return compileOnce('shared', (bytes) => bytes);
}

/** As `compileKernels`, for a memory of one thread, which pages may have that may not share any. */
export function compileOwnKernels(): Promise<WebAssembly.Module> {
  return compileOnce('own', withoutSharing);
}

function compileOnce(
  kind: 'shared' | 'own',
  change: (bytes: BufferSource) => BufferSource,
): Promise<WebAssembly.Module> {
  const known = compiled.get(kind);
  if (known !== undefined) return known;
  const started = readKernels().then(
    (bytes) => WebAssembly.compile(change(bytes)),
    (reason: unknown) => {
      // It may be there the next time.
      compiled.delete(kind);
      throw reason;
    },
  );
  compiled.set(kind, started);
  return started;
}

/** Throws `HepcError` where there is not so much memory, and `UnfitError` where the environment makes none of this kind. */
export function createMemory(bytes: number): WebAssembly.Memory {
  const initial = Math.ceil(bytes / pageBytes);
  try {
    return new WebAssembly.Memory({ initial, maximum: maxPages, shared: true });
  } catch (error) {
    if (error instanceof RangeError) throw new HepcError([outOfMemory({ worker: 0 })]);
    throw new UnfitError(describeError(error));
  }
}

/** A memory of one thread, of this size for good. Throws `HepcError` where there is not so much. */
export function createOwnMemory(bytes: number): WebAssembly.Memory {
  const pages = Math.ceil(bytes / pageBytes);
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages });
  } catch (error) {
    if (error instanceof RangeError) throw new HepcError([outOfMemory({ worker: 0 })]);
    throw error;
  }
}

/** The kernels over a memory. Instances have no state of their own but their stack. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  const { exports } = new WebAssembly.Instance(module, { env: { memory, abort } });
  return exports as { readonly [K in keyof Kernels]: Kernels[K] };
}

function abort(): never {
  throw new Error('a kernel was aborted');
}
