/** Saving and loading of SEAL objects, in the one form that our files use. */
import { HepcError, InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { sealRefuses } from '../../../ir/diagnostics/runtime.ts';
import { describeError } from './exceptions.ts';
import type { Seal } from './module.ts';

interface Savable {
  saveToArray(mode: Seal['ComprModeType']['none']): unknown;
}

/** SEAL's bytes, uncompressed. */
export function saveUncompressed(seal: Seal, object: Savable): Uint8Array {
  const bytes = object.saveToArray(seal.ComprModeType.none);
  if (!(bytes instanceof Uint8Array)) throw new InternalError('SEAL saved something else than bytes');
  return bytes;
}

/** Loads what has been inspected. Throws `HepcError` where SEAL refuses it all the same: a residue is out of range. */
export function loadOrRefuse(what: string, load: () => void): void {
  try {
    load();
  } catch (error) {
    throw new HepcError([sealRefuses({ what, reason: describeError(error) })]);
  }
}
