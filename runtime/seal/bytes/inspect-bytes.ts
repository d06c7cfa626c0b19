/**
 * Checks saved SEAL objects before SEAL's loader sees them: magic, version, no compression, exact sizes, parameters,
 * level, scale, form. SEAL 4.1.2 trusts several of these, and allocates by them. That every residue is below its prime
 * is left to SEAL, whose load verifies it (`ciphertext data is invalid`, and the like for keys); of a secret key it is
 * checked here, because a client loads only the levels that it needs.
 *
 * Since the parameters fix every size, sizes are compared first; after that no field can point outside of the bytes.
 */
import { type Diagnostic } from '../../../ir/diagnostics/diagnostic.ts';
import {
  malformedSealData,
  residueTooLarge,
  wrongGaloisKeys,
  wrongSealParameters,
} from '../../../ir/diagnostics/runtime.ts';
import { hexOf } from '../../../ir/digest.ts';
import { allPrimes, type Parameters } from '../../../ir/parameters.ts';
import { galoisIndexOf } from './galois-elements.ts';
import { keyParmsIdOf, parmsIdOf } from './parms-id.ts';
import {
  ciphertextFields,
  headerBytes,
  magic,
  majorVersion,
  minorVersion,
  parmsIdBytes,
  plaintextFields,
  savedCiphertextBytes,
  savedPublicKeyBytes,
  savedSecretKeyBytes,
  savedSeededBytes,
  savedSwitchingKeyBytes,
  seedBytes,
  seedGenerator,
  switchingHeadBytes,
} from './saved-format.ts';

/** What a ciphertext must be. `seeded`: its second polynomial is a seed. */
export interface ExpectedCiphertext {
  readonly level: number;
  readonly scale: number;
  readonly seeded: boolean;
}

/** A ciphertext of two polynomials. */
export function inspectCiphertext(
  bytes: Uint8Array,
  parameters: Parameters,
  expected: ExpectedCiphertext,
  what: string,
): Diagnostic[] {
  const { level, scale, seeded } = expected;
  const inspection = new Inspection(bytes, what);
  inspection.ciphertext(0, {
    parmsId: parmsIdOf(parameters, level),
    degree: parameters.polyModulusDegree,
    primes: level + 1,
    scale,
    seeded,
    bytes: bytes.length,
  });
  return inspection.diagnostics;
}

export function inspectPublicKey(bytes: Uint8Array, parameters: Parameters): Diagnostic[] {
  const inspection = new Inspection(bytes, 'the public key');
  inspection.ciphertext(0, { ...keyCiphertext(parameters), bytes: bytes.length });
  return inspection.diagnostics;
}

export function inspectSecretKey(bytes: Uint8Array, parameters: Parameters): Diagnostic[] {
  const inspection = new Inspection(bytes, 'the secret key');
  const expected = savedSecretKeyBytes(parameters);
  if (!inspection.header(0, bytes.length, expected)) return inspection.diagnostics;
  const coefficients = (parameters.primes.length + 1) * parameters.polyModulusDegree;
  inspection.parmsId(0, keyParmsIdOf(parameters));
  inspection.word(plaintextFields.coefficients, coefficients, 'number of coefficients');
  inspection.scale(plaintextFields.scale, 1);
  inspection.array(plaintextFields.array, coefficients);
  if (inspection.diagnostics.length === 0) inspection.residues(plaintextFields.residues, parameters);
  return inspection.diagnostics;
}

export function inspectRelinKeys(bytes: Uint8Array, parameters: Parameters): Diagnostic[] {
  const inspection = new Inspection(bytes, 'the relinearisation key');
  inspection.switchingKeys(parameters, 1, 1);
  return inspection.diagnostics;
}

/** Galois keys of exactly the steps `steps`. */
export function inspectGaloisKeys(bytes: Uint8Array, parameters: Parameters, steps: readonly number[]): Diagnostic[] {
  const inspection = new Inspection(bytes, 'the Galois keys');
  const { polyModulusDegree: degree } = parameters;
  const present = inspection.switchingKeys(parameters, degree, steps.length);
  if (inspection.diagnostics.length > 0) return inspection.diagnostics;
  const wanted = new Map(steps.map((step) => [galoisIndexOf(step, degree), step]));
  const missing = [...wanted].filter(([index]) => !present.includes(index)).map(([, step]) => step);
  const unexpected = present.filter((index) => !wanted.has(index));
  return missing.length + unexpected.length === 0 ? [] : [wrongGaloisKeys({ missing, unexpected })];
}

interface CiphertextShape {
  readonly parmsId: Uint8Array;
  readonly degree: number;
  readonly primes: number;
  readonly scale: number;
  readonly seeded: boolean;
  /** Bytes that are there for it. */
  readonly bytes: number;
}

function keyCiphertext(parameters: Parameters): Omit<CiphertextShape, 'bytes'> {
  return {
    parmsId: keyParmsIdOf(parameters),
    degree: parameters.polyModulusDegree,
    primes: allPrimes(parameters).length,
    scale: 1,
    seeded: true,
  };
}

const maxReports = 8;

/** Collects what is wrong with one saved object. Offsets passed in are within the bytes, `header` excepted. */
class Inspection {
  readonly diagnostics: Diagnostic[] = [];
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly what: string;

  constructor(bytes: Uint8Array, what: string) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.what = what;
  }

  /** Whether a header of an object of exactly `expected` bytes stands at `at`, with `available` bytes there. */
  header(at: number, available: number, expected: number): boolean {
    if (available !== expected)
      return this.malformed(`it has ${available} bytes; with the parameters of the plan it takes ${expected}`);
    const { view } = this;
    if (view.getUint16(at, true) !== magic || view.getUint8(at + 2) !== headerBytes)
      return this.malformed(`there is no SEAL header at byte ${at}`);
    const major = view.getUint8(at + 3);
    const minor = view.getUint8(at + 4);
    if (major !== majorVersion || minor !== minorVersion)
      return this.malformed(`it is of SEAL ${major}.${minor}; expected ${majorVersion}.${minorVersion}`);
    if (view.getUint8(at + 5) !== 0) return this.malformed('it is compressed; expected no compression');
    if (view.getUint16(at + 6, true) !== 0) return this.malformed('a reserved field is not zero');
    const declared = view.getBigUint64(at + 8, true);
    if (declared !== BigInt(expected)) return this.malformed(`it declares ${declared} bytes; expected ${expected}`);
    return true;
  }

  parmsId(at: number, expected: Uint8Array): void {
    const got = this.bytes.subarray(at + headerBytes, at + headerBytes + parmsIdBytes);
    if (expected.some((byte, i) => byte !== got[i]))
      this.wrong('parameters', hexOf(expected.subarray(0, 8)), hexOf(got.subarray(0, 8)));
  }

  word(at: number, expected: number, field: string): void {
    const got = this.view.getBigUint64(at, true);
    if (got !== BigInt(expected)) this.wrong(field, String(expected), String(got));
  }

  scale(at: number, expected: number): void {
    const got = this.view.getFloat64(at, true);
    if (got !== expected) this.wrong('scale', String(expected), String(got));
  }

  array(at: number, count: number): void {
    const size = headerBytes + 8 + 8 * count;
    if (this.header(at, size, size)) this.word(at + headerBytes, count, 'number of residues');
  }

  /** Of one polynomial, for the data primes and the special one. */
  residues(at: number, { primes, specialPrimes, polyModulusDegree: degree }: Parameters): void {
    for (const [limb, prime] of [...primes, ...specialPrimes].entries())
      for (let index = 0; index < degree; index++) {
        const word = at + 8 * (limb * degree + index);
        // Rounded beyond 2^53, where it is larger than any prime all the same.
        if (this.view.getUint32(word + 4, true) * 2 ** 32 + this.view.getUint32(word, true) < prime) continue;
        this.diagnostics.push(residueTooLarge({ what: this.what, index }));
        return;
      }
  }

  ciphertext(at: number, shape: CiphertextShape): void {
    const { degree, primes, seeded } = shape;
    const expected = seeded ? savedSeededBytes(degree, primes) : savedCiphertextBytes(degree, primes, 2);
    if (!this.header(at, shape.bytes, expected)) return;
    this.parmsId(at, shape.parmsId);
    const ntt = this.view.getUint8(at + ciphertextFields.nttForm);
    if (ntt !== 1) this.wrong('NTT form', '1', String(ntt));
    this.word(at + ciphertextFields.size, 2, 'number of polynomials');
    this.word(at + ciphertextFields.degree, degree, 'degree');
    this.word(at + ciphertextFields.primes, primes, 'number of primes');
    this.scale(at + ciphertextFields.scale, shape.scale);
    this.word(at + ciphertextFields.correctionFactor, 1, 'correction factor');
    this.array(at + ciphertextFields.array, (seeded ? 1 : 2) * degree * primes);
    if (!seeded) return;
    const seed = at + expected - seedBytes;
    if (!this.header(seed, seedBytes, seedBytes)) return;
    const generator = this.view.getUint8(seed + headerBytes);
    if (generator !== seedGenerator) this.wrong('random generator', String(seedGenerator), String(generator));
  }

  /** Checks `count` switching keys in a table of `table` entries; the indices that have one. */
  switchingKeys(parameters: Parameters, table: number, count: number): number[] {
    const { primes, polyModulusDegree } = parameters;
    const keyBytes = savedSwitchingKeyBytes(parameters);
    const size = switchingHeadBytes + 8 * table + count * keyBytes;
    if (!this.header(0, this.bytes.length, size)) return [];
    this.parmsId(0, keyParmsIdOf(parameters));
    this.word(headerBytes + parmsIdBytes, table, 'number of entries');
    const present: number[] = [];
    const partBytes = savedPublicKeyBytes(parameters);
    const part = { ...keyCiphertext(parameters), degree: polyModulusDegree, bytes: partBytes };
    let at = switchingHeadBytes;
    for (let index = 0; index < table; index++) {
      const parts = this.view.getBigUint64(at, true);
      at += 8;
      if (parts === 0n) continue;
      this.word(at - 8, primes.length, `parts of entry ${index}`);
      // The size of the whole is known to fit `count` keys; one more would reach beyond it.
      if (present.push(index) > count) {
        this.malformed(`it has more than ${count} keys`);
        return present;
      }
      for (let i = 0; i < primes.length && this.diagnostics.length === 0; i++)
        this.ciphertext(at + i * partBytes, part);
      if (this.diagnostics.length > 0) return present;
      at += keyBytes;
    }
    if (present.length < count) this.malformed(`it has ${present.length} keys; expected ${count}`);
    return present;
  }

  private malformed(reason: string): false {
    if (this.diagnostics.length < maxReports) this.diagnostics.push(malformedSealData({ what: this.what, reason }));
    return false;
  }

  private wrong(field: string, expected: string, got: string): void {
    if (this.diagnostics.length < maxReports)
      this.diagnostics.push(wrongSealParameters({ what: this.what, field, expected, got }));
  }
}
