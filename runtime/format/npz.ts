/** Numpy archives: `.npz` files, which are ZIP archives of `.npy` files by array name. */
import { unreadableNpz } from '../../ir/diagnostics/data.ts';
import { type Diagnostic, HepcError, type Place, throwIfErrors } from '../../ir/diagnostics/diagnostic.ts';
import { type NdArray, readNpy, writeNpy } from './npy.ts';
import { readZip, writeZip } from './zip.ts';
import { ZipError, type ZipLimits } from './zip-format.ts';

const extension = '.npy';

/** Of files that a person hands over. */
export const npzLimits: ZipLimits = {
  maxEntries: 1024,
  maxTotalBytes: 2 ** 31,
  allowDeflate: true,
  allowAnyName: true,
};

/**
 * The `.npy` files in the archive `bytes`, unread, by array name. Names are those of ONNX values and may look like
 * absolute paths; other files in the archive are left out.
 *
 * Throws HepcError H402 at `at` when the archive is unsound or exceeds `limits`.
 */
export function openNpz(bytes: Uint8Array, limits: ZipLimits, at: Place = {}): Map<string, Uint8Array> {
  const arrays = new Map<string, Uint8Array>();
  for (const [name, content] of readEntries(bytes, limits, at)) {
    if (name.endsWith(extension)) arrays.set(name.slice(0, -extension.length), content);
  }
  return arrays;
}

/**
 * The arrays in the archive `bytes`, by name. Throws HepcError at `at`, with the array's name as its part: H402 for the
 * archive, or all diagnostics of `readNpy` for its arrays.
 */
export function readNpz(bytes: Uint8Array, limits: ZipLimits, at: Place = {}): Map<string, NdArray> {
  const arrays = new Map<string, NdArray>();
  const diagnostics: Diagnostic[] = [];
  for (const [name, content] of openNpz(bytes, limits, at)) {
    try {
      arrays.set(name, readNpy(content, { ...at, part: name }));
    } catch (error) {
      if (!(error instanceof HepcError)) throw error;
      diagnostics.push(...error.diagnostics);
    }
  }
  throwIfErrors(diagnostics);
  return arrays;
}

/** The archive of `arrays` in their order, stored and deterministic; `numpy.load` reads it. */
export function writeNpz(arrays: ReadonlyMap<string, NdArray>): Uint8Array {
  const entries = Array.from(arrays, ([name, array]) => ({ name: name + extension, bytes: writeNpy(array) }));
  return writeZip(entries, { allowAnyName: true });
}

function readEntries(bytes: Uint8Array, limits: ZipLimits, at: Place): Map<string, Uint8Array> {
  try {
    return readZip(bytes, { ...limits, allowAnyName: true });
  } catch (error) {
    if (!(error instanceof ZipError)) throw error;
    throw new HepcError([
      unreadableNpz({ reason: error.message }, error.entry === undefined ? at : { ...at, part: error.entry }),
    ]);
  }
}
