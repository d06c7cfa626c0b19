/** Writes answers to a file, in the format of its name, as they come. */
import { badAnswerFile } from '../../ir/diagnostics/cli.ts';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import type { Answer } from '../../ir/interface.ts';
import { npyHead } from '../../runtime/format/npy.ts';
import type { Append } from '../../runtime/format/zip-writer.ts';
import { type AnswerPort, joinAnswers, nestOutputs, shapeOfAnswers } from './answers.ts';
import { csvHeader, csvRow } from './csv-answers.ts';
import { encodeAnswers } from './encode-answers.ts';

/** `numpy`: one output as `.npy`, several as `.npz`. */
export type AnswerFormat = 'npy' | 'npz' | 'json' | 'csv' | 'numpy';

/** By the ending of a name; `numpy` for one without. Throws `HepcError` H723 for another ending. */
export function answerFormatOf(path: string): AnswerFormat {
  const [, ending] = /[^/\\]\.([^./\\]*)$/.exec(path) ?? [];
  if (ending === undefined) return 'numpy';
  const format = ending.toLowerCase();
  if (format === 'npy' || format === 'npz' || format === 'json' || format === 'csv') return format;
  throw new HepcError([badAnswerFile({ reason: `.${ending} is no ending of a file of answers` }, { file: path })]);
}

/** Throws `HepcError` H723 where `outputs` do not fit into a file of this format. */
export function checkAnswerFormat(path: string, format: AnswerFormat, outputs: readonly AnswerPort[]): void {
  const arrays = outputs.reduce((count, { keys }) => count + (keys === undefined ? 1 : 2), 0);
  if (format === 'npy' && arrays > 1)
    throw new HepcError([
      badAnswerFile({ reason: `a .npy file holds one array, the answers are ${arrays}` }, { file: path }),
    ]);
}

/**
 * Holds answers until the end where the file has each output in a stretch of its own, where texts are, whose longest is
 * known only then, and where samples are not one after another.
 */
export class AnswerWriter {
  private readonly outputs: readonly AnswerPort[];
  private readonly format: AnswerFormat;
  private readonly append: Append;
  /** The only output, where there is but one, of reals, in an array. */
  private readonly only: AnswerPort | undefined;
  private readonly held: Answer[] = [];
  private head: Uint8Array | undefined;

  /** @param count of all samples. */
  constructor(outputs: readonly AnswerPort[], format: AnswerFormat, count: number, append: Append) {
    this.outputs = outputs;
    this.format = format;
    this.append = append;
    this.only = format === 'npy' || format === 'numpy' ? streamed(outputs) : undefined;
    if (this.only !== undefined) this.head = npyHead('f8', shapeOfAnswers(this.only, count));
    if (format === 'csv') this.head = new TextEncoder().encode(csvHeader(outputs));
  }

  async add(samples: readonly Answer[]): Promise<void> {
    if (this.head !== undefined) await this.append(this.head);
    this.head = undefined;
    if (this.format === 'csv') {
      const rows = samples.map((sample) => csvRow(this.outputs, sample));
      await this.append(new TextEncoder().encode(rows.join('')));
    } else if (this.only !== undefined) {
      await this.append(new Uint8Array(joinAnswers(this.only, samples).buffer));
    } else {
      this.held.push(...samples);
    }
  }

  /** Call after the last samples. */
  async finish(): Promise<void> {
    const { outputs, format, held } = this;
    if (format === 'csv' || this.only !== undefined) return;
    await this.append(
      format === 'json'
        ? new TextEncoder().encode(`${JSON.stringify(nestOutputs(outputs, held))}\n`)
        : encodeAnswers(outputs, held, format),
    );
  }
}

function streamed(outputs: readonly AnswerPort[]): AnswerPort | undefined {
  const [first, ...others] = outputs;
  const isOnly = others.length === 0 && first?.batchAxis === undefined && first?.keys === undefined;
  return isOnly && (first?.elements ?? 'real') === 'real' ? first : undefined;
}
