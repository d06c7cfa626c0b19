/**
 * Bytes of a caller. They are copied before they are checked, so that nothing that the caller does to its buffer later
 * reaches what reads them; a copy takes a small part of the time of the digest.
 */
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { notBytes, notRead } from '../../ir/diagnostics/runtime.ts';

/**
 * The bytes of a caller as a plain array in place: a Buffer's `slice` does not copy, and SEAL does not read it. For what is
 * done with before the caller can change them.
 *
 * @param what names them, for diagnostics. Throws `HepcError` for what is not bytes.
 */
export function plainBytes(bytes: unknown, what: string): Uint8Array {
  if (!(bytes instanceof Uint8Array)) throw new HepcError([notBytes({ what, got: describe(bytes) })]);
  // There is no view of an array without its memory.
  return bytes.length === 0 ? new Uint8Array() : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A copy of them; otherwise as `plainBytes`. */
export function ownBytes(bytes: unknown, what: string): Uint8Array {
  return new Uint8Array(plainBytes(bytes, what));
}

/** Throws `HepcError` for what has no `field`, as bytes and all else have that `reader` has not read. */
export function checkRead(value: unknown, field: string, expected: string, reader: string): void {
  if (typeof value === 'object' && value !== null && field in value) return;
  throw new HepcError([notRead({ expected, reader, got: describe(value) })]);
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}
