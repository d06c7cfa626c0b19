/** Decrypted outputs as the bytes of a file. */
import { npyHead } from '../../runtime/format/npy.ts';
import type { Append } from '../../runtime/format/zip-writer.ts';
import { encodeOutputs } from '../../runtime/samples.ts';
import type { Sample } from '../../ir/interface.ts';
import type { OutputShape } from './answers.ts';

/** One output as `.npy`, several as `.npz` by name; of shape [samples, ...shape]. */
export function encodeAnswers(outputs: readonly OutputShape[], samples: readonly Sample[]): Uint8Array {
  return encodeOutputs(
    outputs.map(({ name, shape }) => ({ name, shape, data: valuesOf(name, samples), count: samples.length })),
  );
}

/**
 * Writes what `encodeAnswers` gives as answers come. Several outputs are held until the end, since each takes a stretch
 * of the file of its own.
 */
export class AnswerWriter {
  private readonly outputs: readonly OutputShape[];
  private readonly append: Append;
  /** The only output, where there is but one. */
  private readonly only: OutputShape | undefined;
  private readonly held: Sample[] = [];
  private head: Uint8Array | undefined;

  /** @param count of all samples. */
  constructor(outputs: readonly OutputShape[], count: number, append: Append) {
    const [first, ...others] = outputs;
    this.outputs = outputs;
    this.append = append;
    this.only = others.length === 0 ? first : undefined;
    this.head = this.only && npyHead('f8', [count, ...this.only.shape]);
  }

  async add(samples: readonly Sample[]): Promise<void> {
    if (this.only === undefined) {
      this.held.push(...samples);
      return;
    }
    if (this.head !== undefined) await this.append(this.head);
    this.head = undefined;
    await this.append(new Uint8Array(valuesOf(this.only.name, samples).buffer));
  }

  /** Call after the last samples. */
  async finish(): Promise<void> {
    if (this.only === undefined) await this.append(encodeAnswers(this.outputs, this.held));
  }
}

function valuesOf(name: string, samples: readonly Sample[]): Float64Array<ArrayBuffer> {
  const values = samples.map((sample) => sample.get(name) ?? new Float64Array());
  const data = new Float64Array(values.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const own of values) {
    data.set(own, at);
    at += own.length;
  }
  return data;
}
