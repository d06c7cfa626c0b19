/** Plans of many encrypted weights, for tests of binding and streaming. */
import type { Plan } from '../../../../../ir/plan/plan.ts';
import { planStatistics } from '../../../../../costs/plan-statistics.ts';
import { bytesAccess, type RandomAccess } from '../../../../../runtime/format/random-access.ts';
import { openHep } from '../../../../../runtime/hep/read.ts';
import { writeBoundHep } from '../../../../../runtime/hep/write-bound.ts';
import { ProgramWriter, smallParameters } from '../seal-wasm/programs.ts';

/**
 * Three outputs: two sums of products with `weights` weights each and one that both share, and a weight at level 0 that
 * is added.
 */
export function manyWeights(weights: number): Plan {
  const writer = new ProgramWriter(smallParameters, 2 ** 28);
  const x = writer.input();
  const first = writer.weight(writer.plaintext([0.5, -0.25]), 1);
  const product = (weight: number): number => writer.multiply(x, weight);
  const sums = [1, 2].map((scale) => {
    const terms = Array.from({ length: weights }, (_, k) =>
      product(writer.weight(writer.plaintext([scale * (k + 1) * 0.125, -0.5]), 1)),
    );
    const sum = terms.reduce((a, b) => writer.sum(a, b), product(first));
    return writer.relinearize(sum);
  });
  for (const sum of sums) writer.output(sum);
  const lower = writer.weight(writer.plaintext([0.25]), 0);
  writer.output(writer.sum(writer.modSwitch(x), lower));
  const plan = writer.plan();
  const { predictedMaxError } = plan.client;
  return {
    ...plan,
    statistics: planStatistics(plan.program, plan.engine, { weightTilesPruned: 0, predictedMaxError }),
  };
}

/** The bytes of the bound `.hep`. */
export async function bindToBytes(plan: Plan, publicKey: Uint8Array): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  await writeBoundHep(plan, publicKey, (bytes) => {
    parts.push(bytes.slice());
    return Promise.resolve();
  });
  return new Uint8Array(Buffer.concat(parts));
}

/** The plan in `bytes`, whose ciphertexts are left there. */
export function openBytes(bytes: Uint8Array, source: RandomAccess = bytesAccess(bytes)): Promise<Plan> {
  return openHep(source, 'bound.hep');
}
