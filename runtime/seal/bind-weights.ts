/**
 * Binding: the model owner encrypts the weights of a plan under the public key of one client. Neither the server nor
 * anyone else but that client could read them.
 */
import type { Ciphertext, Encryptor, Plaintext } from 'node-seal';
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { heOp } from '../../ir/he/module.ts';
import { materialise, plaintextAt } from '../../ir/he/plaintexts.ts';
import type { BoundWeights, Plan } from '../../ir/plan/plan.ts';
import { SealContext } from './library/context.ts';
import { Handles } from './library/handles.ts';
import { readPublicKey } from './keys.ts';
import { LevelEncoder } from './library/level-encoder.ts';
import { startSeal } from './library/start-seal.ts';
import { loadOrRefuse, saveUncompressed } from './library/save.ts';
import { weightRows } from './weight-rows.ts';

/** Encrypts the weights of a plan one by one. Holds SEAL objects until it is closed. */
export class WeightEncryptor {
  /** SHA-256 of the public key. */
  readonly publicKeyDigest: string;
  /** How many weights there are. */
  readonly length: number;
  private readonly program: Plan['program'];
  private readonly rows: readonly number[];
  private readonly context: SealContext;
  private readonly handles = new Handles();
  private readonly encryptor: Encryptor;
  private readonly encoder: LevelEncoder;
  private readonly plaintext: Plaintext;
  private readonly ciphertext: Ciphertext;
  private readonly slots: Float64Array;

  /** `publicKey` is the client's file. Rejects with `HepcError` where it is damaged or for other parameters. */
  static async create({ program, client }: Plan, publicKey: Uint8Array): Promise<WeightEncryptor> {
    const rows = weightRows(program.columns);
    if (rows.length === 0) throw new InternalError('a plan without encrypted weights cannot be bound');
    const { keyId, publicKey: key } = readPublicKey(publicKey, client);
    const context = new SealContext(await startSeal(), program.parameters);
    return new WeightEncryptor(program, rows, context, key, keyId);
  }

  private constructor(
    program: Plan['program'],
    rows: readonly number[],
    context: SealContext,
    key: Uint8Array,
    keyId: string,
  ) {
    this.program = program;
    this.rows = rows;
    this.context = context;
    this.publicKeyDigest = keyId;
    this.length = rows.length;
    const { seal } = context;
    const { handles } = this;
    try {
      const publicKey = handles.own(new seal.PublicKey());
      loadOrRefuse('the public key', () => {
        publicKey.loadFromArray(context.context, key);
      });
      this.encryptor = handles.own(new seal.Encryptor(context.context, publicKey));
      this.encoder = new LevelEncoder(context, countBy(rows.map((row) => program.columns.level[row] ?? 0)));
      this.plaintext = handles.own(new seal.Plaintext());
      this.ciphertext = handles.own(new seal.Ciphertext());
      this.slots = new Float64Array(program.slots);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The saved ciphertext of the weight op `index`, at its level and scale: fresh randomness at each call. */
  encrypt(index: number): Uint8Array {
    const { program, plaintext, ciphertext, slots } = this;
    const { a, level, scale } = heOp(program, this.rows[index] ?? -1);
    materialise(program.packed, plaintextAt(program.plaintexts, a), slots);
    this.encoder.encode(slots, level, scale, plaintext);
    this.encryptor.encrypt(plaintext, ciphertext);
    return saveUncompressed(this.context.seal, ciphertext);
  }

  close(): void {
    this.handles.freeAll();
    this.context.close();
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
