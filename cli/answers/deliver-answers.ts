/** Answers as they come: to a file in the format of its name, or as lines, or as JSON. */
import type { Answer } from '../../ir/interface.ts';
import type { DecryptedFile } from '../../runtime/client.ts';
import { OutputFile } from '../files/output-file.ts';
import { toJson } from '../render/json.ts';
import { plural } from '../render/units.ts';
import { AnswerWriter, type AnswerFormat, answerFormatOf, checkAnswerFormat } from './answer-writer.ts';
import { type AnswerPort, describeAnswers, nestOutputs } from './answers.ts';

/** Of answers that are written to a file: the first few are shown. */
const mostShown = 10;

export interface AnswerTarget {
  readonly file: OutputFile;
  readonly format: AnswerFormat;
}

/** Where `path` says, if it says anything. Throws `HepcError` H720, H723. */
export function answerTarget(path: string | undefined): AnswerTarget | undefined {
  return path === undefined ? undefined : { file: new OutputFile(path), format: answerFormatOf(path) };
}

export interface DeliverOptions {
  readonly json: boolean;
  /** Called with the part of the answers that has come, 0 to 1. */
  readonly onProgress: (fraction: number) => void;
}

/**
 * Goes through the answers that `open` hands to its argument, and gives the texts to be printed in the end. Where `open`
 * rejects, the file is not written.
 */
export async function deliverAnswers(
  target: AnswerTarget | undefined,
  ports: readonly AnswerPort[],
  { json, onProgress }: DeliverOptions,
  open: (take: (answers: DecryptedFile) => Promise<void>) => Promise<void>,
): Promise<readonly string[]> {
  const shown = json ? undefined : new Descriptions(ports, target === undefined ? Infinity : mostShown);
  const held: Answer[] = [];
  let count = 0;
  const goThrough = async ({ samples, runs }: DecryptedFile, writer: AnswerWriter | undefined): Promise<void> => {
    let done = 0;
    for await (const answers of runs) {
      shown?.add(answers);
      if (writer !== undefined) await writer.add(answers);
      else if (json) held.push(...answers);
      done += answers.length;
      onProgress(done / samples);
    }
    await writer?.finish();
    count = samples;
  };
  if (target === undefined) await open((answers) => goThrough(answers, undefined));
  else {
    checkAnswerFormat(target.file.path, target.format, ports);
    await target.file.writeInParts((append) =>
      open((answers) => goThrough(answers, new AnswerWriter(ports, target.format, answers.samples, append))),
    );
  }
  if (shown !== undefined) return shown.texts(count);
  const outputs = target === undefined ? { outputs: nestOutputs(ports, held) } : fileReport(target);
  return [toJson({ samples: count, ...outputs })];
}

function fileReport({ file, format }: AnswerTarget) {
  return { file: file.path, format };
}

/** Lines about the first answers, and how many there are besides. */
class Descriptions {
  private readonly ports: readonly AnswerPort[];
  private readonly most: number;
  private readonly lines: string[] = [];
  private count = 0;

  constructor(ports: readonly AnswerPort[], most: number) {
    this.ports = ports;
    this.most = most;
  }

  add(answers: readonly Answer[]): void {
    const shown = answers.slice(0, Math.max(0, this.most - this.count));
    if (shown.length > 0) this.lines.push(describeAnswers(this.ports, shown, this.count));
    this.count += shown.length;
  }

  texts(samples: number): readonly string[] {
    const more = samples - this.count;
    return more === 0 ? this.lines : [...this.lines, `and ${plural(more, 'sample')} more\n`];
  }
}
