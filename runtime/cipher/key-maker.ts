/**
 * New keys by our kernels: a uniform ternary secret, a public key, and evaluation keys, one at a time. Where there is one
 * special prime all of them are SEAL's (SEAL 4.1, keygenerator.cpp: generate_sk, generate_pk, generate_one_kswitch_key), with
 * several evaluation keys are as in `key-format.ts`.
 *
 * Whatever the format, a digit of a key that switches s' to s is (b, a) with b = −a·s + e + P·g·s', where g is 1 modulo the
 * primes of the digit and 0 modulo all others.
 */
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { allPrimes, type Parameters, productOf } from '../../ir/parameters.ts';
import { type EvaluationKeyNeeds, keyDigits } from '../../ir/ckks/switching-keys.ts';
import type { MadeKeys, PlaceSections } from '../base/cryptography.ts';
import { galoisIndexOf } from '../seal/bytes/galois-elements.ts';
import { keyParmsIdOf } from '../seal/bytes/parms-id.ts';
import {
  ciphertextFields,
  savedPublicKeyBytes,
  savedSwitchingKeyBytes,
  seedLength,
  switchingHeadBytes,
} from '../seal/bytes/saved-format.ts';
import { writeCiphertextHead, writeSwitchingHead } from '../seal/bytes/write-heads.ts';
import { freshBytes } from './randomness/fresh-bytes.ts';
import { keyElements, keySections, type PlacedKey, seedBytes, writeHeads, writeStreamSeed } from './key-format.ts';
import { drawSparseSecret } from './randomness/sparse-secret.ts';
import type { KernelRoom } from './kernel-room.ts';
import { saveSecretKey, transformSecret } from './secret-key.ts';

/** Yields the part of the evaluation keys that is made, from 0 to 1. Throws `InternalError` where the room is closed meanwhile. */
export function* makeKeys(
  room: KernelRoom,
  needs: EvaluationKeyNeeds,
  place: PlaceSections,
): Generator<number, MadeKeys> {
  const maker = new KeyMaker(room);
  try {
    const secretKey = maker.secretKey();
    const publicKey = maker.publicKey();
    yield 0;
    const sections = needs.parameters.specialPrimes.length === 1 ? maker.sealSections(needs) : maker.ownSections(needs);
    const total = sections.reduce((sum, { keys }) => sum + keys.length, 0);
    const evaluation = place(
      publicKey,
      sections.map(({ bytes }) => bytes),
    );
    let made = 0;
    for (const [i, { writeHead, keys }] of sections.entries()) {
      const target = evaluation[i];
      if (target === undefined) throw new InternalError(`section ${i} of evaluation keys has no place`);
      writeHead(target);
      for (const write of keys) {
        write(target);
        yield ++made / total;
      }
    }
    return { secretKey, publicKey, evaluation };
  } finally {
    maker.close();
  }
}

/** How a section of keys is written. */
interface Section {
  readonly bytes: number;
  readonly writeHead: (target: Uint8Array) => void;
  /** Each writes a key to its place. */
  readonly keys: readonly ((target: Uint8Array) => void)[];
}

class KeyMaker {
  private readonly room: KernelRoom;
  private readonly parameters: Parameters;
  /** Of the secret. */
  private readonly seed = freshBytes(seedBytes);
  /** Coefficients of the sparse secret, once a key of the encapsulation was made. */
  private sparse: Float64Array | undefined;

  constructor(room: KernelRoom) {
    this.room = room;
    this.parameters = room.context.parameters;
  }

  secretKey(): Uint8Array {
    this.fillSecret();
    return saveSecretKey(this.room);
  }

  publicKey(): Uint8Array {
    const bytes = new Uint8Array(savedPublicKeyBytes(this.parameters));
    this.sealPair(bytes, 0, 0, 0);
    return bytes;
  }

  /** The section of relinearisation, and that of all rotations, as SEAL saves them. */
  sealSections({ parameters, rotationSteps, needsRelinKeys }: EvaluationKeyNeeds): Section[] {
    const { polyModulusDegree: n, primes } = parameters;
    const keyBytes = savedSwitchingKeyBytes(parameters);
    const section = (table: number, indices: readonly number[], elementOf: (index: number) => number): Section => ({
      bytes: switchingHeadBytes + 8 * table + indices.length * keyBytes,
      writeHead: (target) => {
        writeSwitchingHead(target, keyParmsIdOf(parameters), table);
      },
      keys: indices.map((index, before) => (target) => {
        // The table has one count for each index, and the parts of a key follow its count.
        const entry = switchingHeadBytes + 8 * index + before * keyBytes;
        new DataView(target.buffer, target.byteOffset).setBigUint64(entry, BigInt(primes.length), true);
        this.sealKey(elementOf(index), target, entry + 8);
      }),
    });
    const indices = rotationSteps.map((step) => galoisIndexOf(step, n)).sort((a, b) => a - b);
    return [
      ...(needsRelinKeys ? [section(1, [0], () => keyElements.relinearization)] : []),
      ...(indices.length > 0 ? [section(n, indices, (index) => 2 * index + 1)] : []),
    ];
  }

  /** The same sections in our own format. */
  ownSections(needs: EvaluationKeyNeeds): Section[] {
    const { relinearization, rotations, encapsulation } = keySections(needs);
    return [relinearization, rotations, encapsulation].flatMap((section) =>
      section === undefined
        ? []
        : [
            {
              bytes: section.bytes,
              writeHead: (target) => {
                writeHeads(target, section);
              },
              keys: section.keys.map((key) => (target) => {
                this.ownKey(key, target);
              }),
            },
          ],
    );
  }

  /** Overwrites the secret. */
  close(): void {
    this.seed.fill(0);
    this.sparse?.fill(0);
    if (this.room.maker === this) this.room.forgetMade();
  }

  private sealKey(element: number, bytes: Uint8Array, offset: number): void {
    const { primes } = this.parameters;
    const partBytes = savedPublicKeyBytes(this.parameters);
    this.fillSwitched({ element, primes: primes.map((_, k) => k) });
    for (const [digit] of keyDigits(this.parameters).entries())
      this.sealPair(bytes, offset + digit * partBytes, digit, digit + 1);
  }

  /** A pair in SEAL's form, with P·s' added modulo the data primes `from` … `to` − 1. */
  private sealPair(bytes: Uint8Array, offset: number, from: number, to: number): void {
    this.fillSecret();
    const { room, parameters } = this;
    const { kernels, n } = room.context;
    const primes = allPrimes(parameters).length;
    const seed = freshBytes(seedLength);
    const part = bytes.subarray(offset, offset + savedPublicKeyBytes(parameters));
    writeCiphertextHead(part, { parmsId: keyParmsIdOf(parameters), degree: n, primes, size: 2, scale: 1, seed });
    const [error, limb, uniform] = [room.further(0), room.further(1), room.further(2)];
    room.sample('sampleError', error);
    room.expandSealSeed(seed, primes);
    for (let k = 0; k < primes; k++) {
      kernels.load(room.residues(k), uniform, room.prime(k));
      this.mask(error, uniform, limb, k, k >= from && k < to);
      // What was expanded to here has been read.
      kernels.store(limb, room.residues(k), room.prime(k));
    }
    part.set(room.bytes.subarray(room.residues(0), room.residues(primes)), ciphertextFields.residues);
  }

  private ownKey(key: PlacedKey, bytes: Uint8Array): void {
    this.fillSecret();
    const { room } = this;
    const { kernels } = room.context;
    const { seed: place, residues, work } = room.places;
    const [error, limb, uniform] = [room.further(0), room.further(1), room.further(2)];
    bytes.set(freshBytes(seedBytes), key.seedOffset);
    this.fillSwitched(key);
    for (const [d, { from, to }] of key.digits.entries()) {
      room.sample('sampleError', error);
      for (const [j, k] of key.primes.entries()) {
        writeStreamSeed(room.bytes.subarray(place), bytes, key, d, j);
        kernels.expandUniform(place, uniform, 16, room.prime(k), work);
        const isAdded = k >= from && k < to;
        if (key.element === keyElements.toSparse) this.maskSparse(error, uniform, limb, k, isAdded);
        else this.mask(error, uniform, limb, k, isAdded);
        kernels.packResidues(limb, residues, room.prime(k));
        bytes.set(room.bytes.subarray(residues, residues + key.limbBytes), key.residuesOffset(d, j));
      }
    }
  }

  /** limb = −a·s + e modulo prime `k`, and P·s' more where that is `added`. */
  private mask(error: number, uniform: number, limb: number, k: number, added: boolean): void {
    const { room } = this;
    const { kernels } = room.context;
    const prime = room.prime(k);
    kernels.forwardFrom(error, 0, limb, prime);
    kernels.subtractProduct(limb, uniform, room.limb('made', k), prime);
    if (added) kernels.addMultiple(limb, room.limb('switched', k), this.specialModulo(k), prime);
  }

  /** limb = −a·s~ + e modulo prime `k` for the sparse secret s~, and p·s more where that is `added`, p the first special prime. */
  private maskSparse(error: number, uniform: number, limb: number, k: number, added: boolean): void {
    const { room } = this;
    const { kernels } = room.context;
    const prime = room.prime(k);
    const special = this.parameters.specialPrimes.slice(0, 1);
    kernels.forwardFrom(error, 0, limb, prime);
    kernels.subtractProduct(limb, uniform, room.limb('switched', k), prime);
    if (added) kernels.addMultiple(limb, room.limb('made', k), this.modulo(special, k), prime);
  }

  /** P modulo a data prime, balanced. */
  private specialModulo(k: number): number {
    return this.modulo(this.parameters.specialPrimes, k);
  }

  /** The product of primes modulo data prime `k`, balanced. */
  private modulo(primes: readonly number[], k: number): number {
    const q = this.parameters.primes[k] ?? NaN;
    const residue = Number(productOf(primes) % BigInt(q));
    return residue > q / 2 ? residue - q : residue;
  }

  /**
   * s(X^element) for a Galois element, s² for relinearisation, the sparse secret for the keys of an encapsulation, modulo the
   * primes of the key.
   */
  private fillSwitched({ element, primes }: Pick<PlacedKey, 'element' | 'primes'>): void {
    this.fillSecret();
    const { room } = this;
    const { kernels, n } = room.context;
    if (element === keyElements.toSparse || element === keyElements.toDense) {
      this.fillSparse(primes);
      return;
    }
    const permutation = room.places.residues;
    const isSquare = element === keyElements.relinearization;
    if (!isSquare) kernels.fillPermutation(permutation, element, n);
    // Of the special primes no key takes what it switches from.
    for (const k of primes.filter((prime) => prime < this.parameters.primes.length)) {
      const [source, target] = [room.limb('made', k), room.limb('switched', k)];
      if (isSquare) kernels.multiply(source, source, target, room.prime(k), 0, n);
      else kernels.permute(source, target, permutation, 0, n);
    }
  }

  /** The transforms of the sparse secret, the same for both keys of an encapsulation, modulo these primes. */
  private fillSparse(primes: readonly number[]): void {
    const { room } = this;
    const { kernels, memory, n } = room.context;
    this.sparse ??= drawSparseSecret(n);
    const coefficients = new Float64Array(memory.buffer, room.further(0), n);
    coefficients.set(this.sparse);
    for (const k of primes) kernels.forwardFrom(room.further(0), 0, room.limb('switched', k), room.prime(k));
    coefficients.fill(0);
  }

  /** The transforms of the secret, which the room may have lost to another since. */
  private fillSecret(): void {
    const { room } = this;
    room.requireOpen();
    if (room.maker === this) return;
    room.sampleOf('sampleTernary', this.seed, 0, room.further(0));
    transformSecret(room, 'made');
    room.maker = this;
  }
}
