/**
 * Binding: the model owner encrypts the weights of a plan under the public key of one client. Neither the server nor
 * anyone else but that client could read them.
 */
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { heOp } from '../../ir/he/module.ts';
import { materialise, plaintextAt } from '../../ir/he/plaintexts.ts';
import type { BoundWeights, Plan } from '../../ir/plan/plan.ts';
import type { Cryptography, PublicCipher } from '../base/cryptography.ts';
import { weightRows } from '../seal/weight-rows.ts';
import { readPublicKey } from './key-files.ts';
import { openCryptography } from './open-cryptography.ts';

/** Encrypts the weights of a plan one by one. Holds memory outside of JavaScript's until it is closed. */
export class WeightEncryptor {
  /** SHA-256 of the public key. */
  readonly publicKeyDigest: string;
  /** How many weights there are. */
  readonly length: number;
  private readonly program: Plan['program'];
  private readonly rows: readonly number[];
  private readonly cryptography: Cryptography;
  private readonly cipher: PublicCipher;
  private readonly slots: Float64Array;

  /** `publicKey` is the client's file. Rejects with `HepcError` where it is damaged or for other parameters. */
  static async create({ program, client }: Plan, publicKey: Uint8Array): Promise<WeightEncryptor> {
    const rows = weightRows(program.columns);
    if (rows.length === 0) throw new InternalError('a plan without encrypted weights cannot be bound');
    const { keyId, publicKey: key } = readPublicKey(publicKey, client);
    const cryptography = await openCryptography(program.parameters);
    try {
      const counts = countBy(rows.map((row) => program.columns.level[row] ?? 0));
      return new WeightEncryptor(program, rows, keyId, cryptography, cryptography.openPublic(key, counts));
    } catch (error) {
      cryptography.close();
      throw error;
    }
  }

  private constructor(
    program: Plan['program'],
    rows: readonly number[],
    keyId: string,
    cryptography: Cryptography,
    cipher: PublicCipher,
  ) {
    this.program = program;
    this.rows = rows;
    this.publicKeyDigest = keyId;
    this.length = rows.length;
    this.cryptography = cryptography;
    this.cipher = cipher;
    this.slots = new Float64Array(program.slots);
  }

  /** The saved ciphertext of the weight op `index`, at its level and scale: fresh randomness at each call. */
  encrypt(index: number): Uint8Array {
    const { program, slots } = this;
    const { a, level, scale } = heOp(program, this.rows[index] ?? -1);
    materialise(program.packed, plaintextAt(program.plaintexts, a), slots);
    return this.cipher.encrypt(slots, level, scale);
  }

  close(): void {
    this.cipher.close();
    this.cryptography.close();
  }
}

/**
 * Encrypts all weights of a plan, in memory: of one that has gigabytes of them, `writeBoundHep` makes a file.
 * `publicKey` is the client's file. Rejects with `HepcError` where it is damaged or for other parameters.
 */
export async function bindWeights(plan: Plan, publicKey: Uint8Array): Promise<BoundWeights> {
  const weights = await WeightEncryptor.create(plan, publicKey);
  try {
    const ciphertexts = Array.from({ length: weights.length }, (_, k) => weights.encrypt(k));
    return { publicKeyDigest: weights.publicKeyDigest, ciphertexts };
  } finally {
    weights.close();
  }
}

function countBy(values: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
