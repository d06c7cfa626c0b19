/**
 * Encryption and decryption under a secret key by our kernels. Ciphertexts are SEAL's, byte for byte: (c0, c1) with
 * c1 = a, expanded from a seed, and c0 = −(a·s + e) + m, all transformed (SEAL 4.1, rlwe.cpp: encrypt_zero_symmetric, and
 * encryptor.cpp: encrypt_internal).
 */
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import type { SecretCipher } from '../base/cryptography.ts';
import { parmsIdOf } from '../seal/bytes/parms-id.ts';
import { ciphertextFields, savedSeededBytes, scaleOfSaved, seedLength } from '../seal/bytes/saved-format.ts';
import { writeCiphertextHead } from '../seal/bytes/write-heads.ts';
import { CentredCoefficients } from './centred-coefficients.ts';
import { freshBytes } from './randomness/fresh-bytes.ts';
import type { KernelRoom } from './kernel-room.ts';
import { encodeSlots, loadLimb } from './limbs.ts';
import { SlotDecoder } from './slot-decoder.ts';

export class KernelCipher implements SecretCipher {
  private readonly room: KernelRoom;
  private readonly coefficients: CentredCoefficients;
  private decoder: SlotDecoder | undefined;

  /** @param room whose secret is filled; this cipher's until it is closed */
  constructor(room: KernelRoom) {
    this.room = room;
    room.holder = this;
    this.coefficients = new CentredCoefficients(room);
  }

  encrypt(slots: Float64Array, level: number, scale: number): Uint8Array {
    encodeSlots(this.open(), slots, level, scale);
    return this.encryptValue(level, scale);
  }

  refresh(ciphertext: Uint8Array, level: number, what: string): Uint8Array {
    this.decryptToValue(ciphertext, what);
    this.coefficients.extend(level);
    return this.encryptValue(level, scaleOfSaved(ciphertext));
  }

  decrypt(ciphertext: Uint8Array, what: string): Float64Array {
    const { n } = this.room.context;
    const level = this.decryptToValue(ciphertext, what);
    const scale = scaleOfSaved(ciphertext);
    const coefficients = this.coefficients.read(level);
    for (let i = 0; i < n; i++) coefficients[i] = (coefficients[i] ?? 0) / scale;
    this.decoder ??= new SlotDecoder(n);
    return this.decoder.decode(coefficients);
  }

  /** Encrypts the polynomial whose transform is in the room's value. */
  private encryptValue(level: number, scale: number): Uint8Array {
    const room = this.open();
    const { kernels, parameters, n } = room.context;
    const seed = freshBytes(seedLength);
    const primes = level + 1;
    const bytes = new Uint8Array(savedSeededBytes(n, primes));
    writeCiphertextHead(bytes, { parmsId: parmsIdOf(parameters, level), degree: n, primes, size: 2, scale, seed });
    const [error, limb, uniform] = [room.further(0), room.further(1), room.further(2)];
    room.sample('sampleError', error);
    room.expandSealSeed(seed, primes);
    for (let k = 0; k < primes; k++) {
      const prime = room.prime(k);
      kernels.load(room.residues(k), uniform, prime);
      kernels.forwardFrom(error, 0, limb, prime);
      kernels.subtractProduct(limb, uniform, room.limb('secret', k), prime);
      kernels.add(limb, room.limb('value', k), limb, prime, 0, n);
      // What was expanded to here has been read.
      kernels.store(limb, room.residues(k), prime);
    }
    bytes.set(room.bytes.subarray(room.residues(0), room.residues(primes)), ciphertextFields.residues);
    return bytes;
  }

  /** The transform of the plaintext to the room's value. Its level. */
  private decryptToValue(ciphertext: Uint8Array, what: string): number {
    const room = this.open();
    const { kernels, n } = room.context;
    const view = new DataView(ciphertext.buffer, ciphertext.byteOffset, ciphertext.byteLength);
    const size = Number(view.getBigUint64(ciphertextFields.size, true));
    const primes = Number(view.getBigUint64(ciphertextFields.primes, true));
    const limb = room.further(0);
    // c_0 + s·(c_1 + s·(c_2 + …))
    for (let k = 0; k < primes; k++) {
      const prime = room.prime(k);
      const value = room.limb('value', k);
      for (let poly = size - 1; poly >= 0; poly--) {
        loadLimb(room, ciphertext, ciphertextFields.residues + 8 * n * (poly * primes + k), limb, k, what);
        if (poly < size - 1) kernels.addProduct(limb, value, room.limb('secret', k), prime);
        room.bytes.copyWithin(value, limb, limb + 8 * n);
      }
    }
    return primes - 1;
  }

  close(): void {
    if (this.room.holder === this) this.room.forgetSecret();
  }

  private open(): KernelRoom {
    this.room.requireOpen();
    if (this.room.holder !== this)
      throw new InternalError('a cipher is used after it was closed, or another was opened');
    return this.room;
  }
}
