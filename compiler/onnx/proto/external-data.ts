/**
 * Tensors whose elements are in another file (`external_data`). The model names the file; only relative paths
 * that stay below the model's folder are handed to the caller, who opens them.
 */
import { badExternalData } from '../../../ir/diagnostics/import.ts';
import { ImportFailure } from './failure.ts';

/** Opens a file by its path relative to the folder of the model; undefined where there is none. */
export type ReadExternal = (relativePath: string) => Uint8Array | undefined;

export class ExternalData {
  private readonly readExternal: ReadExternal;
  private readonly files = new Map<string, Uint8Array>();

  constructor(readExternal: ReadExternal) {
    this.readExternal = readExternal;
  }

  /** The `bytes` bytes that `entries` (location, offset, length) point at. `tensor` is for messages. */
  read(tensor: string, entries: ReadonlyMap<string, string>, bytes: number): Uint8Array {
    const fail = (reason: string) => new ImportFailure((at) => badExternalData({ tensor, reason }, at));
    const location = entries.get('location') ?? '';
    const trouble = pathTrouble(location);
    if (trouble !== undefined) throw fail(`the location ${JSON.stringify(location.slice(0, 200))} ${trouble}`);
    const offset = sizeOf(entries.get('offset') ?? '0');
    const length = sizeOf(entries.get('length') ?? String(bytes));
    if (offset === undefined || length === undefined) throw fail('its offset and length must be byte counts');
    if (length !== bytes) throw fail(`its shape and type need ${bytes} bytes, its length is ${length}`);
    const file = this.open(location);
    if (file === undefined) throw fail(`there is no file ${location}`);
    if (offset + length > file.length) {
      throw fail(`${location} has ${file.length} bytes, bytes ${offset} to ${offset + length} are needed`);
    }
    return file.subarray(offset, offset + length);
  }

  private open(location: string): Uint8Array | undefined {
    const file = this.files.get(location) ?? this.readExternal(location);
    if (file !== undefined) this.files.set(location, file);
    return file;
  }
}

/** Why `path` may leave the model's folder, or undefined for a sound one. */
function pathTrouble(path: string): string | undefined {
  if (path === '') return 'is missing';
  if (path.includes('\0') || path.includes('\\')) return 'holds a NUL or a backslash';
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return 'is absolute';
  if (path.split('/').includes('..')) return "leaves the model's folder";
  return undefined;
}

function sizeOf(text: string): number | undefined {
  const size = /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  return size !== undefined && Number.isSafeInteger(size) ? size : undefined;
}
