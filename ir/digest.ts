/**
 * SHA-256, the only digest of the project's own: entries of `.hep` files, plan identities, derived random streams.
 * BLAKE2b is SEAL's, for the identities of its parameters.
 */
import { blake2b } from '@noble/hashes/blake2.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

const environment: { readonly process?: Partial<NodeJS.Process> } = globalThis;
/** Asked of its process and never imported, so that bundlers for browsers find nothing of Node. */
const nodeCrypto = environment.process?.getBuiltinModule?.('node:crypto');

/** `bytes` as lower-case hexadecimal digits. */
export function hexOf(bytes: Uint8Array): string {
  return bytesToHex(bytes);
}

/** SHA-256 of `bytes` as 64 lower-case hexadecimal digits. */
export function sha256Hex(bytes: Uint8Array): string {
  return bytesToHex(sha256(bytes));
}

/** The 32 bytes of SHA-256 of `bytes`: by Node itself where there is one, ten times as fast. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return nodeCrypto === undefined ? nobleSha256(bytes) : new Uint8Array(nodeCrypto.hash('sha256', bytes, 'buffer'));
}

/** As `sha256`, by the implementation of the environment: ten times as fast, and not on this thread. */
export async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

/** As `sha256Of`, as `sha256Hex` has it. */
export async function sha256HexOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return bytesToHex(await sha256Of(bytes));
}

/** The 32 bytes of BLAKE2b-256 of `bytes`. */
export function blake2b256(bytes: Uint8Array): Uint8Array {
  return blake2b(bytes, { dkLen: 32 });
}
