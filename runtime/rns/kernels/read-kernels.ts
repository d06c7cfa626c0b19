/** The bytes of the kernels, from the file beside this one. In the build for browsers a module that holds them stands here. */
import { node } from '../../base/environment.ts';
import { UnfitError } from '../../base/fallback.ts';
import { describeError } from '../../seal/library/exceptions.ts';

/** Rejects with `UnfitError` where the file cannot be fetched. */
export async function readKernels(): Promise<BufferSource> {
  // Bundlers find the file by this form, literally.
  const url = new URL('./kernels.wasm', import.meta.url);
  if (node !== undefined) return node.getBuiltinModule('node:fs/promises').readFile(url);
  try {
    const response = await fetch(url);
    if (response.ok) return await response.arrayBuffer();
    throw new Error(`HTTP status ${response.status}`);
  } catch (error) {
    throw new UnfitError(`${url.href} cannot be fetched: ${describeError(error)}`);
  }
}
