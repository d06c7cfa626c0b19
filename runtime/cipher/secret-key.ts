/**
 * A secret key as it is saved. With one special prime that is SEAL's: residues of its transform modulo all primes. With
 * several it is of our own, what a ternary secret is: "HTSK", u32 version, u32 n, u32 zero, and n coefficients −1, 0 and 1
 * as two bits each, in two's complement, the first in the lowest ones.
 */
import { type Diagnostic } from '../../ir/diagnostics/diagnostic.ts';
import { malformedSecretKey } from '../../ir/diagnostics/runtime.ts';
import { allPrimes, type Parameters } from '../../ir/parameters.ts';
import { inspectSecretKey as inspectSealSecretKey } from '../seal/bytes/inspect-bytes.ts';
import { keyParmsIdOf } from '../seal/bytes/parms-id.ts';
import { plaintextFields, savedSecretKeyBytes } from '../seal/bytes/saved-format.ts';
import { writePlaintextHead } from '../seal/bytes/write-heads.ts';
import { loadLimb, storeLimb } from './limbs.ts';
import type { KernelRoom } from './kernel-room.ts';

const magic = 0x4b535448;
const version = 1;
const headBytes = 16;

/** What is wrong with the bytes of a secret key: by SEAL's rules, or H655. */
export function inspectSecretKey(bytes: Uint8Array, parameters: Parameters): Diagnostic[] {
  if (parameters.specialPrimes.length === 1) return inspectSealSecretKey(bytes, parameters);
  const { polyModulusDegree: n } = parameters;
  const expected = headBytes + n / 4;
  const malformed = (reason: string): Diagnostic[] => [malformedSecretKey({ reason })];
  if (bytes.length !== expected)
    return malformed(`it has ${bytes.length} bytes; with the parameters of the plan it takes ${expected}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const head = [magic, version, n, 0];
  if (head.some((word, i) => view.getUint32(4 * i, true) !== word)) return malformed('it does not begin as one');
  // The pair 10 would be −2; all are looked at, whichever is wrong.
  let wrong = 0;
  for (const byte of bytes.subarray(headBytes)) wrong |= (byte >> 1) & ~byte & 0x55;
  return wrong === 0 ? [] : malformed('a coefficient is not −1, 0 or 1');
}

/** Fills the room's secret with that of an inspected key. */
export function loadSecretKey(room: KernelRoom, bytes: Uint8Array): void {
  const { parameters, memory, n } = room.context;
  if (parameters.specialPrimes.length === 1) {
    allPrimes(parameters).forEach((_, k) => {
      loadLimb(room, bytes, plaintextFields.residues + 8 * n * k, room.limb('secret', k), k, 'the secret key');
    });
    return;
  }
  const coefficients = new Float64Array(memory.buffer, room.further(0), n);
  for (let i = 0; i < n; i++) coefficients[i] = ((bytes[headBytes + (i >> 2)] ?? 0) << (30 - 2 * (i & 3))) >> 30;
  transformSecret(room, 'secret');
}

/** The transforms of the coefficients in the first further limb, modulo all primes. */
export function transformSecret(room: KernelRoom, set: 'secret' | 'made'): void {
  const { kernels, primes } = room.context;
  primes.forEach((prime, k) => {
    kernels.forwardFrom(room.further(0), 0, room.limb(set, k), prime);
  });
}

/** The bytes of the secret key whose coefficients are in the first further limb, and whose transforms in `made`. */
export function saveSecretKey(room: KernelRoom): Uint8Array {
  const { parameters, memory, n } = room.context;
  if (parameters.specialPrimes.length === 1) {
    const bytes = new Uint8Array(savedSecretKeyBytes(parameters));
    writePlaintextHead(bytes, keyParmsIdOf(parameters));
    allPrimes(parameters).forEach((_, k) => {
      storeLimb(room, room.limb('made', k), k, bytes, plaintextFields.residues + 8 * n * k);
    });
    return bytes;
  }
  const bytes = new Uint8Array(headBytes + n / 4);
  const view = new DataView(bytes.buffer);
  [magic, version, n, 0].forEach((word, i) => {
    view.setUint32(4 * i, word, true);
  });
  const coefficients = new Float64Array(memory.buffer, room.further(0), n);
  for (let i = 0; i < n; i++) {
    const at = headBytes + (i >> 2);
    bytes[at] = (bytes[at] ?? 0) | (((coefficients[i] ?? 0) & 3) << (2 * (i & 3)));
  }
  return bytes;
}
