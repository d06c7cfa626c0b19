/**
 * The server's side of refreshes: masks, and their removal.
 *
 * A ciphertext (c_0, c_1) of level 1 is the polynomial m = c_0 + c_1·s of small coefficients, modulo Q = q_0·q_1. What the client
 * gets is (c_0 + r + z_0, c_1 + z_1): r is uniform modulo Q, and (z_0, z_1) a fresh encryption of zero under the client's public
 * key. So the client decrypts m + r + z, which is uniform whatever m is, for r is a one-time pad; and c_1 + z_1 is pseudorandom
 * to whoever holds s as well, for z_1 = u·a + e with a secret u of the server's (Lyubashevsky, Peikert and Regev, "On ideal lattices
 * and learning with errors over rings", Eurocrypt 2010), where a is expanded from a seed and no choice of the client's. Both
 * together could be drawn without the weights: the view of the client is simulated by (uniform, uniform). Without z, c_1 would be a
 * function of inputs and weights by which guesses of weights could be tested.
 *
 * The client encrypts the centred integers of m + r + z anew, modulo all primes of a higher level. The centred integers of r are
 * taken off then: m + z is left, exactly, but where a coefficient of m + z + r has wrapped modulo Q, which has the chance |m + z| / Q.
 * Scales are bounded for this (`passes/he/scales/scale-targets.ts`).
 *
 * Masks are streams of ChaCha20 (RFC 8439) with a key for each request, of which the server keeps those 32 bytes alone, and nonces of
 * the ciphertext, the prime, and what makes them differ from those of switching keys. A seed is for one request: twice the same
 * mask would tell the client a difference.
 */
import type { Parameters } from '../../ir/parameters.ts';
import { refreshedLevel } from '../../ir/he/ops.ts';
import { CentredCoefficients } from '../cipher/centred-coefficients.ts';
import { freshBytes } from '../cipher/randomness/fresh-bytes.ts';
import { KernelRoom } from '../cipher/kernel-room.ts';
import { seedBytes, streamSeedBytes } from '../cipher/key-format.ts';
import { loadLimb, storeLimb } from '../cipher/limbs.ts';
import { KernelPublicCipher } from '../cipher/public-cipher.ts';
import { ciphertextFields, levelOfSaved, scaleOfSaved } from '../seal/bytes/saved-format.ts';

/** The third word of the nonces of masks. */
const maskDomain = 1;

/** What stands for the masks of one request. */
export function freshMaskSeed(): Uint8Array {
  return freshBytes(seedBytes);
}

/** For the parameters of one plan. Holds memory outside of JavaScript's until it is closed. */
export class Masks {
  private readonly room: KernelRoom;
  private readonly coefficients: CentredCoefficients;

  /** Rejects with `UnfitError` where kernels do not compute here what they should, and with `HepcError` for lack of memory. */
  static async open(parameters: Parameters): Promise<Masks> {
    return new Masks(await KernelRoom.open(parameters));
  }

  private constructor(room: KernelRoom) {
    this.room = room;
    this.coefficients = new CentredCoefficients(room);
  }

  /**
   * What the client is sent for each of some ciphertexts of level 1 and two polynomials, which are left as they are: saved
   * ciphertexts of the same kind.
   * @param publicKey inspected. Throws `HepcError` where a residue is not below its prime
   * @param seed of `freshMaskSeed`, never used before
   */
  mask(ciphertexts: readonly Uint8Array[], publicKey: Uint8Array, seed: Uint8Array): Uint8Array[] {
    const cipher = new KernelPublicCipher(this.room, publicKey);
    try {
      return ciphertexts.map((ciphertext, number) => this.maskOne(ciphertext, number, cipher, seed));
    } finally {
      cipher.close();
    }
  }

  /** What the client has made of ciphertext `number` of those that were masked with `seed`, inspected: in place without the mask. */
  unmask(refreshed: Uint8Array, number: number, seed: Uint8Array): void {
    const { room } = this;
    const { kernels } = room.context;
    const level = levelOfSaved(refreshed);
    const limb = room.further(2);
    for (let k = 0; k <= refreshedLevel; k++) this.expand(seed, number, k, room.limb('value', k));
    this.coefficients.extend(level);
    for (let k = 0; k <= level; k++) {
      const at = this.residuesAt(0, level, k);
      loadLimb(room, refreshed, at, limb, k, `refreshed ciphertext ${number}`);
      kernels.addMultiple(limb, room.limb('value', k), -1, room.prime(k));
      storeLimb(room, limb, k, refreshed, at);
    }
  }

  /** Overwrites everything. */
  close(): void {
    this.room.close();
  }

  private maskOne(ciphertext: Uint8Array, number: number, cipher: KernelPublicCipher, seed: Uint8Array): Uint8Array {
    const { room } = this;
    const { kernels, n } = room.context;
    const [limb, other] = [room.further(0), room.further(1)];
    const what = `ciphertext ${number} that is to be refreshed`;
    for (let k = 0; k <= refreshedLevel; k++) {
      const value = room.limb('value', k);
      loadLimb(room, ciphertext, this.residuesAt(0, refreshedLevel, k), limb, k, what);
      this.expand(seed, number, k, value);
      kernels.add(value, limb, value, room.prime(k), 0, n);
    }
    const masked = cipher.encryptValue(refreshedLevel, scaleOfSaved(ciphertext));
    for (let k = 0; k <= refreshedLevel; k++) {
      const at = this.residuesAt(1, refreshedLevel, k);
      loadLimb(room, ciphertext, at, limb, k, what);
      loadLimb(room, masked, at, other, k, what);
      kernels.add(limb, other, limb, room.prime(k), 0, n);
      storeLimb(room, limb, k, masked, at);
    }
    return masked;
  }

  /** The mask of a ciphertext modulo prime `k`, to a limb. */
  private expand(seed: Uint8Array, number: number, k: number, target: number): void {
    const { room } = this;
    const { seed: place, work } = room.places;
    room.bytes.set(seed, place);
    new Uint32Array(room.bytes.buffer, place + seedBytes, 4).set([number, k, maskDomain, 0]);
    room.context.kernels.expandUniform(place, target, 16, room.prime(k), work);
    room.bytes.fill(0, place, place + streamSeedBytes);
  }

  /** Where the residues of a polynomial modulo prime `k` are in a saved ciphertext of a level. */
  private residuesAt(poly: number, level: number, k: number): number {
    return ciphertextFields.residues + 8 * this.room.context.n * (poly * (level + 1) + k);
  }
}
