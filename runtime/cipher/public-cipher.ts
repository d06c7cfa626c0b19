/**
 * Encryption under a public key (b, a) by our kernels, as SEAL has it (SEAL 4.1, rlwe.cpp: encrypt_zero_asymmetric, and
 * encryptor.cpp: encrypt_zero_internal): u·(b, a) + (e_0, e_1) for a ternary u, modulo the primes of the level and a special
 * one more, divided by that one, which leaves a rounding of all noise but that.
 */
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { balancedInverse } from '../../ir/maths/modular.ts';
import { allPrimes } from '../../ir/parameters.ts';
import type { PublicCipher } from '../base/cryptography.ts';
import { parmsIdOf } from '../seal/bytes/parms-id.ts';
import { ciphertextFields, savedCiphertextBytes, seedLength } from '../seal/bytes/saved-format.ts';
import { writeCiphertextHead } from '../seal/bytes/write-heads.ts';
import type { KernelRoom } from './kernel-room.ts';
import { encodeSlots, loadLimb, storeLimb } from './limbs.ts';

export class KernelPublicCipher implements PublicCipher {
  private room: KernelRoom | undefined;

  /** @param publicKey inspected. Throws `HepcError` where a residue is not below its prime. */
  constructor(room: KernelRoom, publicKey: Uint8Array) {
    this.room = room;
    room.maker = this;
    const { kernels, n, parameters } = room.context;
    const count = allPrimes(parameters).length;
    room.expandSealSeed(publicKey.subarray(publicKey.length - seedLength), count);
    for (let k = 0; k < count; k++) kernels.load(room.residues(k), room.limb('switched', k), room.prime(k));
    for (let k = 0; k < count; k++)
      loadLimb(room, publicKey, ciphertextFields.residues + 8 * n * k, room.limb('made', k), k, 'the public key');
  }

  encrypt(slots: Float64Array, level: number, scale: number): Uint8Array {
    encodeSlots(this.open(), slots, level, scale);
    return this.encryptValue(level, scale);
  }

  /** Encrypts the polynomial whose transform is in the room's value. */
  encryptValue(level: number, scale: number): Uint8Array {
    const room = this.open();
    const { kernels, parameters, n } = room.context;
    const special = parameters.primes.length;
    const primes = level + 1;
    const bytes = new Uint8Array(savedCiphertextBytes(n, primes, 2));
    writeCiphertextHead(bytes, { parmsId: parmsIdOf(parameters, level), degree: n, primes, size: 2, scale });
    const [ternary, error, remainder, limb] = [room.further(0), room.further(1), room.further(2), room.further(3)];
    /** Of one polynomial of u·(b, a) + e, transformed, to `target`. */
    const mask = (key: 'made' | 'switched', k: number, target: number): void => {
      const { residues: factor } = room.places;
      kernels.forwardFrom(error, 0, target, room.prime(k));
      kernels.forwardFrom(ternary, 0, factor, room.prime(k));
      kernels.addProduct(target, factor, room.limb(key, k), room.prime(k));
    };
    room.sample('sampleTernary', ternary);
    for (const [poly, key] of (['made', 'switched'] as const).entries()) {
      room.sample('sampleError', error);
      mask(key, special, remainder);
      kernels.inverse(remainder, room.prime(special));
      for (let k = 0; k < primes; k++) {
        const prime = room.prime(k);
        mask(key, k, limb);
        this.divide(room, limb, remainder, k);
        if (poly === 0) kernels.add(limb, room.limb('value', k), limb, prime, 0, n);
        storeLimb(room, limb, k, bytes, ciphertextFields.residues + 8 * n * (poly * primes + k));
      }
    }
    return bytes;
  }

  close(): void {
    if (this.room?.maker === this) this.room.forgetMade();
    this.room = undefined;
  }

  private open(): KernelRoom {
    const { room } = this;
    if (room?.maker !== this)
      throw new InternalError('a cipher is used after it was closed, or others have taken its place');
    room.requireOpen();
    return room;
  }

  /** limb = (limb − remainder) / p modulo prime `k`, for the coefficients of a remainder modulo p. */
  private divide(room: KernelRoom, limb: number, remainder: number, k: number): void {
    const { kernels, memory, n, parameters } = room.context;
    const { seed: factor, residues: transformed } = room.places;
    const q = parameters.primes[k] ?? NaN;
    const inverse = balancedInverse(parameters.specialPrimes[0] ?? NaN, q);
    new Float64Array(memory.buffer, factor, 2).set([inverse, inverse / q]);
    kernels.forwardFrom(remainder, 0, transformed, room.prime(k));
    kernels.divide(limb, transformed, factor, 0, 0, limb, room.prime(k), 0, n);
  }
}
