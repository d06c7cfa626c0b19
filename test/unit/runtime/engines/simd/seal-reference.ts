/**
 * What node-seal computes with the values that the SIMD engine gets: ciphertexts and plaintexts as residues in [0, q),
 * polynomial by polynomial, prime by prime. Parameters need not be secure.
 */
import type {
  Ciphertext,
  CKKSEncoder,
  Decryptor,
  Encryptor,
  Evaluator,
  GaloisKeys,
  KeyGenerator,
  ParmsIdType,
  Plaintext,
  RelinKeys,
  SEALContext,
} from 'node-seal';
import type { Parameters } from '../../../../../ir/parameters.ts';
import type { SeededRandom } from '../../../../../ir/random.ts';
import { galoisIndexOf } from '../../../../../runtime/seal/bytes/galois-elements.ts';
import { Handles, withHandles } from '../../../../../runtime/seal/library/handles.ts';
import type { Seal } from '../../../../../runtime/seal/library/module.ts';
import { saveUncompressed } from '../../../../../runtime/seal/library/save.ts';
import {
  ciphertextFields,
  plaintextFields,
  switchingHeadBytes,
} from '../../../../../runtime/seal/bytes/saved-format.ts';

export interface Residues {
  readonly size: number;
  readonly level: number;
  readonly residues: BigUint64Array;
}

export class SealReference {
  readonly evaluator: Evaluator;
  readonly relinKeys: RelinKeys;
  readonly galoisKeys: GaloisKeys;
  /** The same keys as a client saves them: with seeds. */
  readonly savedKeys: { readonly relinKeys: Uint8Array; readonly galoisKeys: Uint8Array };
  private readonly seal: Seal;
  private readonly parameters: Parameters;
  private readonly handles = new Handles();
  private readonly context: SEALContext;
  private readonly encoder: CKKSEncoder;
  private readonly encryptor: Encryptor;
  private readonly decryptor: Decryptor;
  private readonly parmsIds: readonly ParmsIdType[];

  /** With keys for these rotation steps, at least one, and for relinearisation. */
  constructor(seal: Seal, parameters: Parameters, steps: readonly number[]) {
    this.seal = seal;
    this.parameters = parameters;
    const { handles } = this;
    const encryption = handles.own(new seal.EncryptionParameters(seal.SchemeType.ckks));
    encryption.setPolyModulusDegree(parameters.polyModulusDegree);
    const moduli = handles.own(new seal.VectorModulus());
    for (const prime of [...parameters.primes, ...parameters.specialPrimes])
      moduli.push_back(handles.own(new seal.Modulus(BigInt(prime))));
    encryption.setCoeffModulus(moduli);
    this.context = handles.own(new seal.SEALContext(encryption, true, seal.SecLevelType.none));
    this.parmsIds = this.collectParmsIds();
    this.evaluator = handles.own(new seal.Evaluator(this.context));
    this.encoder = handles.own(new seal.CKKSEncoder(this.context));
    const generator: KeyGenerator = handles.own(new seal.KeyGenerator(this.context));
    this.savedKeys = saveKeys(seal, generator, steps);
    this.relinKeys = handles.own(new seal.RelinKeys());
    this.relinKeys.loadFromArray(this.context, this.savedKeys.relinKeys);
    this.galoisKeys = handles.own(new seal.GaloisKeys());
    this.galoisKeys.loadFromArray(this.context, this.savedKeys.galoisKeys);
    const secretKey = handles.own(generator.secretKey());
    this.encryptor = handles.own(new seal.Encryptor(this.context, handles.own(generator.createPublicKey()), secretKey));
    this.decryptor = handles.own(new seal.Decryptor(this.context, secretKey));
  }

  close(): void {
    this.handles.freeAll();
  }

  /** Frees a ciphertext before the rest. */
  free(ciphertext: Ciphertext): void {
    this.handles.free(ciphertext);
  }

  /** The result of an evaluation into a new ciphertext. */
  ciphertext(evaluate: (target: Ciphertext) => void): Ciphertext {
    const target = this.handles.own(new this.seal.Ciphertext());
    evaluate(target);
    return target;
  }

  encode(slots: Float64Array, scale: number, level: number): Plaintext {
    const plaintext = this.handles.own(new this.seal.Plaintext());
    this.encoder.encode(slots, scale, plaintext);
    if (level < this.parameters.primes.length - 1)
      this.evaluator.plainModSwitchToInplace(plaintext, this.parmsId(level));
    return plaintext;
  }

  /** At the top level, into a plaintext that is there. */
  encodeInto(slots: Float64Array, scale: number, target: Plaintext): void {
    this.encoder.encode(slots, scale, target);
  }

  encrypt(slots: Float64Array, scale: number, level: number): Ciphertext {
    return this.ciphertext((target) => {
      this.encryptor.encrypt(this.encode(slots, scale, level), target);
    });
  }

  /** A fresh ciphertext as a client saves it: with a seed in place of its second polynomial. */
  encryptSeeded(slots: Float64Array, scale: number, level: number): Uint8Array {
    return withHandles((temporary) => {
      const plaintext = this.encode(slots, scale, level);
      return saveUncompressed(this.seal, temporary.own(this.encryptor.encryptSymmetricSerializable(plaintext)));
    });
  }

  /** A saved ciphertext, its seed expanded if it has one. */
  load(bytes: Uint8Array): Ciphertext {
    return this.ciphertext((target) => {
      target.loadFromArray(this.context, bytes);
    });
  }

  decrypt(ciphertext: Ciphertext): Float64Array {
    const plaintext = this.handles.own(new this.seal.Plaintext());
    this.decryptor.decrypt(ciphertext, plaintext);
    return Float64Array.from(this.encoder.decodeFloat64(plaintext) as Float64Array);
  }

  /** A ciphertext like this one whose residues are random, and often at the ends and in the middle of their range. */
  scramble(ciphertext: Ciphertext, random: SeededRandom): Ciphertext {
    const { polyModulusDegree: n, primes } = this.parameters;
    const { residues, level } = this.residuesOf(ciphertext);
    for (let k = 0; k < residues.length; k++) {
      const q = primes[Math.floor(k / n) % (level + 1)] ?? 0;
      const ends = [0, 1, q - 1, (q - 1) / 2, (q + 1) / 2];
      const residue = random.integer(0, 9) === 0 ? ends[random.integer(0, 4)] : Math.floor(random.uniform() * q);
      residues[k] = BigInt(residue ?? 0);
    }
    return this.withResidues(ciphertext, residues);
  }

  /** A ciphertext like this one, of its level, size and scale, with other residues. */
  withResidues(ciphertext: Ciphertext, residues: BigUint64Array): Ciphertext {
    const bytes = this.save(ciphertext);
    bytes.set(new Uint8Array(residues.buffer, residues.byteOffset, residues.byteLength), ciphertextFields.residues);
    return this.load(bytes);
  }

  /** SEAL's bytes without seeds. */
  save(ciphertext: Ciphertext): Uint8Array {
    return saveUncompressed(this.seal, ciphertext);
  }

  residuesOf(ciphertext: Ciphertext): Residues {
    const bytes = this.save(ciphertext);
    return {
      size: ciphertext.size(),
      level: ciphertext.coeffModulusSize() - 1,
      residues: new BigUint64Array(bytes.slice(ciphertextFields.residues).buffer),
    };
  }

  plaintextResidues(plaintext: Plaintext): Residues {
    const bytes = saveUncompressed(this.seal, plaintext);
    const residues = new BigUint64Array(bytes.slice(plaintextFields.residues).buffer);
    return { size: 1, level: residues.length / this.parameters.polyModulusDegree - 1, residues };
  }

  relinKeyDigits(): readonly Residues[] {
    return this.switchingKey(saveUncompressed(this.seal, this.relinKeys), 0);
  }

  galoisKeyDigits(step: number): readonly Residues[] {
    const index = galoisIndexOf(step, this.parameters.polyModulusDegree);
    return this.switchingKey(saveUncompressed(this.seal, this.galoisKeys), index);
  }

  private parmsId(level: number): ParmsIdType {
    const id = this.parmsIds[level];
    if (id === undefined) throw new Error(`no level ${level}`);
    return id;
  }

  /** The key of an index in SEAL's table: a ciphertext modulo all primes for each digit. */
  private switchingKey(bytes: Uint8Array, wanted: number): Residues[] {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const length = (at: number): number => Number(view.getBigUint64(at, true));
    for (let at = switchingHeadBytes, index = 0; at < bytes.length; index++) {
      const digits: Residues[] = [];
      const count = length(at);
      at += 8;
      for (let digit = 0; digit < count; digit++) {
        const end = at + length(at + 8);
        const residues = new BigUint64Array(bytes.slice(at + ciphertextFields.residues, end).buffer);
        digits.push({ size: 2, level: this.parameters.primes.length, residues });
        at = end;
      }
      if (index === wanted) return digits;
    }
    throw new Error(`no key ${wanted}`);
  }

  private collectParmsIds(): ParmsIdType[] {
    const ids: ParmsIdType[] = [];
    let data = this.handles.own(this.context.firstContextData());
    for (let level = this.parameters.primes.length - 1; level >= 0; level--) {
      ids[level] = this.handles.own(data.parmsId());
      if (level > 0) data = this.handles.own(data.nextContextData());
    }
    return ids;
  }
}

/** Keys for relinearisation and for rotation steps. */
function saveKeys(seal: Seal, generator: KeyGenerator, steps: readonly number[]): SealReference['savedKeys'] {
  return withHandles((temporary) => ({
    relinKeys: saveUncompressed(seal, temporary.own(generator.createRelinKeysSerializable())),
    galoisKeys: saveUncompressed(
      seal,
      temporary.own(generator.createGaloisKeysSerializableWithSteps(Int32Array.from(steps))),
    ),
  }));
}
