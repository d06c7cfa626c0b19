/** Decrypted outputs as the bytes of a file. */
import { encodeOutputs } from '../../runtime/samples.ts';
import type { OutputShape } from './answers.ts';
import type { Sample } from '../../ir/interface.ts';

/** One output as `.npy`, several as `.npz` by name; of shape [samples, ...shape]. */
export function encodeAnswers(outputs: readonly OutputShape[], samples: readonly Sample[]): Uint8Array {
  return encodeOutputs(
    outputs.map(({ name, shape }) => {
      const values = samples.map((sample) => sample.get(name) ?? new Float64Array());
      const data = new Float64Array(values.reduce((sum, { length }) => sum + length, 0));
      let at = 0;
      for (const own of values) {
        data.set(own, at);
        at += own.length;
      }
      return { name, shape, data, count: samples.length };
    }),
  );
}
