/** Saving and loading of SEAL objects, in the one form that our files use. */
import { type Diagnostic, HepcError, InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { sealRefuses } from '../../ir/diagnostics/runtime.ts';
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

/** Loads bytes that `problems` has nothing against. Throws `HepcError` otherwise, and where SEAL refuses them. */
export function loadInspected(what: string, problems: readonly Diagnostic[], load: () => void): void {
  if (problems.length > 0) throw new HepcError(problems);
  try {
    load();
  } catch (error) {
    throw new HepcError([sealRefuses({ what, reason: describeError(error) })]);
  }
}
