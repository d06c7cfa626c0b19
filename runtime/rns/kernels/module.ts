/**
 * The compiled kernels, and instances of them over one memory: a shared one, of addresses of 32 bits or wide ones, or one that
 * is its owner's alone. Both builds are called alike.
 */
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { outOfMemory } from '../../../ir/diagnostics/runtime.ts';
import { describeError } from '../../seal/library/exceptions.ts';
import { UnfitError } from '../../base/fallback.ts';
import type { Kernels } from './kernels.ts';
import { readKernels, readWideKernels } from './read-kernels.ts';
import { withoutSharing } from './without-sharing.ts';

/** Bytes of a page of WebAssembly's memory. */
export const pageBytes = 65536;

/** How a shared memory is addressed: by 32 bits, or by 64, which is wide. */
export type Addressing = 'narrow' | 'wide';

/** Bytes that memories can have: all that 32 bits reach, and the most that V8 gives. */
export const mostMemoryBytes: Readonly<Record<Addressing, number>> = { narrow: 2 ** 32, wide: 2 ** 34 };

/** Of a memory of so many bytes: wide where it has to be. */
export function addressingFor(bytes: number): Addressing {
  return bytes <= mostMemoryBytes.narrow ? 'narrow' : 'wide';
}

/** By the kind of their memory. */
const compiled = new Map<Addressing | 'own', Promise<WebAssembly.Module>>();

/**
 * For a shared memory. Compiled once in a thread; a module can be handed to workers. Rejects with `WebAssembly.CompileError`
 * where the machine cannot run them, and with `UnfitError` where they cannot be fetched.
 */
export function compileKernels(addressing: Addressing = 'narrow'): Promise<WebAssembly.Module> {
  return compileOnce(addressing, addressing === 'narrow' ? readKernels : readWideKernels);
}

/** As `compileKernels`, for a memory of one thread, which pages may have that may not share any. */
export function compileOwnKernels(): Promise<WebAssembly.Module> {
  return compileOnce('own', async () => withoutSharing(await readKernels()));
}

function compileOnce(kind: Addressing | 'own', read: () => Promise<BufferSource>): Promise<WebAssembly.Module> {
  const known = compiled.get(kind);
  if (known !== undefined) return known;
  const started = read().then(
    (bytes) => WebAssembly.compile(bytes),
    (reason: unknown) => {
      // It may be there the next time.
      compiled.delete(kind);
      throw reason;
    },
  );
  compiled.set(kind, started);
  return started;
}

/** Whether there are wide memories here (the proposal memory64 of WebAssembly): V8 from 13.3 on, of Node 24 and Chrome 133. */
export function hasWideMemory(): boolean {
  try {
    // Who does not know them takes no BigInt.
    openMemory('wide', 0);
    return true;
  } catch {
    return false;
  }
}

/** Throws `HepcError` where there is not so much memory, and `UnfitError` where the environment makes none of this kind. */
export function createMemory(bytes: number, addressing: Addressing = 'narrow'): WebAssembly.Memory {
  try {
    return openMemory(addressing, Math.ceil(bytes / pageBytes));
  } catch (error) {
    if (error instanceof RangeError) throw new HepcError([outOfMemory({})]);
    throw new UnfitError(describeError(error));
  }
}

function openMemory(addressing: Addressing, initial: number): WebAssembly.Memory {
  const maximum = mostMemoryBytes[addressing] / pageBytes;
  if (addressing === 'narrow') return new WebAssembly.Memory({ initial, maximum, shared: true });
  // TypeScript does not know these.
  const wide: object = { address: 'i64', initial: BigInt(initial), maximum: BigInt(maximum), shared: true };
  return new WebAssembly.Memory(wide as WebAssembly.MemoryDescriptor);
}

/** Throws `RangeError` where there is not so much memory behind this one. */
export function growMemory(memory: WebAssembly.Memory, pages: number, addressing: Addressing): void {
  (memory as { grow(delta: number | bigint): unknown }).grow(addressing === 'narrow' ? pages : BigInt(pages));
}

/** A memory of one thread, of this size for good. Throws `HepcError` where there is not so much. */
export function createOwnMemory(bytes: number): WebAssembly.Memory {
  const pages = Math.ceil(bytes / pageBytes);
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages });
  } catch (error) {
    if (error instanceof RangeError) throw new HepcError([outOfMemory({})]);
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
