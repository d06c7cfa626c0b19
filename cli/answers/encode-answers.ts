/** Decrypted outputs as the bytes of a file. */
import { npyHead } from '../../runtime/format/npy.ts';
import type { Append } from '../../runtime/format/zip-writer.ts';
import { encodeOutputs } from '../../runtime/samples.ts';
import type { Sample } from '../../ir/interface.ts';
import { joinAnswers, type OutputShape, shapeOfAnswers } from './answers.ts';

/** One output as `.npy`, several as `.npz` by name, with the axis of samples where the model has it. */
export function encodeAnswers(outputs: readonly OutputShape[], samples: readonly Sample[]): Uint8Array {
  return encodeOutputs(
    outputs.map((output) => ({
      name: output.name,
      shape: shapeOfAnswers(output, samples.length),
      data: joinAnswers(output, samples),
    })),
  );
}

/**
 * Writes what `encodeAnswers` gives as answers come. Several outputs are held until the end, since each takes a stretch
 * of the file of its own, and so is one whose samples are not one after another.
 */
export class AnswerWriter {
  private readonly outputs: readonly OutputShape[];
  private readonly append: Append;
  /** The only output, where there is but one, with the samples first. */
  private readonly only: OutputShape | undefined;
  private readonly held: Sample[] = [];
  private head: Uint8Array | undefined;

  /** @param count of all samples. */
  constructor(outputs: readonly OutputShape[], count: number, append: Append) {
    const [first, ...others] = outputs;
    this.outputs = outputs;
    this.append = append;
    this.only = others.length === 0 && first?.batchAxis === undefined ? first : undefined;
    this.head = this.only && npyHead('f8', shapeOfAnswers(this.only, count));
  }

  async add(samples: readonly Sample[]): Promise<void> {
    if (this.only === undefined) {
      this.held.push(...samples);
      return;
    }
    if (this.head !== undefined) await this.append(this.head);
    this.head = undefined;
    await this.append(new Uint8Array(joinAnswers(this.only, samples).buffer));
  }

  /** Call after the last samples. */
  async finish(): Promise<void> {
    if (this.only === undefined) await this.append(encodeAnswers(this.outputs, this.held));
  }
}
