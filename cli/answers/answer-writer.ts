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

/** What is appended at once, at least: a run may have a single answer of a few bytes. */
const pieceBytes = 2 ** 16;

/**
 * Holds answers until the end where the file has each output in a stretch of its own, where texts are, whose longest is
 * known only then, and where samples are not one after another.
 */
export class AnswerWriter {
  private readonly outputs: readonly AnswerPort[];
  private readonly format: AnswerFormat;
  private readonly append: Append;
  /** What a list of answers becomes, where the file has them one after another. */
  private readonly encode: ((samples: readonly Answer[], isFirst: boolean) => Uint8Array) | undefined;
  private readonly held: Answer[] = [];
  private isFirst = true;
  private readonly pieces: Uint8Array[] = [];
  private pending = 0;

  /** @param count of all samples. */
  constructor(outputs: readonly AnswerPort[], format: AnswerFormat, count: number, append: Append) {
    this.outputs = outputs;
    this.format = format;
    this.append = append;
    this.encode = encoderOf(outputs, format);
    const head = headOf(outputs, format, count);
    if (this.encode !== undefined && head !== undefined) this.collect(head);
  }

  async add(samples: readonly Answer[]): Promise<void> {
    if (samples.length === 0) return;
    if (this.encode === undefined) {
      this.held.push(...samples);
      return;
    }
    this.collect(this.encode(samples, this.isFirst));
    this.isFirst = false;
    if (this.pending >= pieceBytes) await this.flush();
  }

  /** Call after the last samples. */
  async finish(): Promise<void> {
    const { outputs, format, held } = this;
    if (this.encode === undefined && format !== 'csv')
      this.collect(format === 'json' ? utf8(jsonOf(outputs, held)) : encodeAnswers(outputs, held, format));
    else if (format === 'json') this.collect(utf8(jsonEnd));
    await this.flush();
  }

  private collect(bytes: Uint8Array): void {
    this.pieces.push(bytes);
    this.pending += bytes.length;
  }

  private async flush(): Promise<void> {
    const joined = new Uint8Array(this.pending);
    let at = 0;
    for (const piece of this.pieces.splice(0)) {
      joined.set(piece, at);
      at += piece.length;
    }
    this.pending = 0;
    await this.append(joined);
  }
}

function headOf(outputs: readonly AnswerPort[], format: AnswerFormat, count: number): Uint8Array | undefined {
  const [first] = outputs;
  if (format === 'csv') return utf8(csvHeader(outputs));
  if (first === undefined) return undefined;
  return format === 'json' ? utf8(jsonStart(first)) : npyHead('f8', shapeOfAnswers(first, count));
}

function encoderOf(
  outputs: readonly AnswerPort[],
  format: AnswerFormat,
): ((samples: readonly Answer[], isFirst: boolean) => Uint8Array) | undefined {
  if (format === 'csv') return (samples) => utf8(samples.map((sample) => csvRow(outputs, sample)).join(''));
  const [first, ...others] = outputs;
  if (first === undefined || others.length > 0 || first.batchAxis !== undefined || format === 'npz') return undefined;
  if (format === 'json')
    return (samples, isFirst) => {
      const list = jsonOf([first], samples).slice(jsonStart(first).length, -jsonEnd.length);
      return utf8(isFirst ? list : `,${list}`);
    };
  if (first.keys !== undefined || (first.elements ?? 'real') !== 'real') return undefined;
  return (samples) => new Uint8Array(joinAnswers(first, samples).buffer);
}

function jsonOf(outputs: readonly AnswerPort[], samples: readonly Answer[]): string {
  return `${JSON.stringify(nestOutputs(outputs, samples))}\n`;
}

/** What `jsonOf` has before and after the list of the answers of one output. */
function jsonStart({ name }: AnswerPort): string {
  return `{${JSON.stringify(name)}:[`;
}
const jsonEnd = ']}\n';

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
