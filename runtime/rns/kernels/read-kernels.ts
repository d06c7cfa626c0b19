/** The bytes of the kernels, from the files beside this one. In the build for browsers a module that holds them stands here. */
import { node } from '../../base/environment.ts';
import { UnfitError } from '../../base/fallback.ts';
import { describeError } from '../../seal/library/exceptions.ts';

// Bundlers find the files by this form, literally.

/** Rejects with `UnfitError` where the file cannot be fetched. */
export function readKernels(): Promise<BufferSource> {
  return read(new URL('./kernels.wasm', import.meta.url));
}

/** As `readKernels`, for memories beyond 4 GiB. */
export function readWideKernels(): Promise<BufferSource> {
  return read(new URL('./kernels-wide.wasm', import.meta.url));
}

async function read(url: URL): Promise<BufferSource> {
  if (node !== undefined) return node.getBuiltinModule('node:fs/promises').readFile(url);
  try {
    const response = await fetch(url);
    if (response.ok) return await response.arrayBuffer();
    throw new Error(`HTTP status ${response.status}`);
  } catch (error) {
    throw new UnfitError(`${url.href} cannot be fetched: ${describeError(error)}`);
  }
}
