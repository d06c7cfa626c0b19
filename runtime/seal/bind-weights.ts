/**
 * Binding: the model owner encrypts the weights of a plan under the public key of one client. Neither the server nor
 * anyone else but that client could read them.
 */
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { heOp } from '../../ir/he/module.ts';
import { materialise, plaintextAt } from '../../ir/he/plaintexts.ts';
import type { BoundWeights, Plan } from '../../ir/plan/plan.ts';
import { SealContext } from './context.ts';
import { withHandles } from './handles.ts';
import { readPublicKey } from './keys.ts';
import { LevelEncoder } from './level-encoder.ts';
import { instantiateSeal } from './module.ts';
import { loadOrRefuse, saveUncompressed } from './save.ts';
import { weightRows } from './weight-rows.ts';

/**
 * Encrypts the plaintext of each `weight` op at its level and scale. `publicKey` is the client's file.
 * Throws `HepcError` for a file that is damaged or for other parameters.
 */
export async function bindWeights(plan: Plan, publicKey: Uint8Array): Promise<BoundWeights> {
  const { program, client } = plan;
  const rows = weightRows(program.columns);
  if (rows.length === 0) throw new InternalError('a plan without encrypted weights cannot be bound');
  const { keyId, publicKey: key } = readPublicKey(publicKey, client);
  const context = new SealContext(await instantiateSeal(), program.parameters);
  const { seal } = context;
  try {
    return withHandles((handles) => {
      const loaded = handles.own(new seal.PublicKey());
      loadOrRefuse('the public key', () => {
        loaded.loadFromArray(context.context, key);
      });
      const encryptor = handles.own(new seal.Encryptor(context.context, loaded));
      const plaintext = handles.own(new seal.Plaintext());
      const ciphertext = handles.own(new seal.Ciphertext());
      const ops = rows.map((row) => heOp(program, row));
      const encoder = new LevelEncoder(context, countBy(ops.map(({ level }) => level)));
      const slots = new Float64Array(program.slots);
      const ciphertexts = ops.map(({ a, level, scale }) => {
        materialise(program.packed, plaintextAt(program.plaintexts, a), slots);
        encoder.encode(slots, level, scale, plaintext);
        encryptor.encrypt(plaintext, ciphertext);
        return saveUncompressed(seal, ciphertext);
      });
      return { publicKeyDigest: keyId, ciphertexts };
    });
  } finally {
    context.close();
  }
}

function countBy(values: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
