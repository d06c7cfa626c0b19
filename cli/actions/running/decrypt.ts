import { modelOutputs } from '../../../ir/client/steps.ts';
import type { Diagnostic } from '../../../ir/diagnostics/diagnostic.ts';
import type { Answer } from '../../../ir/interface.ts';
import { Client, type DecryptedFile } from '../../../runtime/client.ts';
import type { RandomAccess } from '../../../runtime/format/random-access.ts';
import { AnswerWriter, type AnswerFormat, answerFormatOf, checkAnswerFormat } from '../../answers/answer-writer.ts';
import { type AnswerPort, describeAnswers, nestOutputs } from '../../answers/answers.ts';
import type { decrypt } from '../../commands/running/decrypt.ts';
import { fileKinds, withInputFile } from '../../files/input-file.ts';
import { keyFileNames } from '../../files/keys/key-file-names.ts';
import { readKeyFile } from '../../files/keys/key-sets.ts';
import { OutputFile } from '../../files/output-file.ts';
import { readClientFile } from '../../files/plan-file.ts';
import type { Action } from '../../parsing/declaration.ts';
import { toJson } from '../../render/json.ts';
import { plural } from '../../render/units.ts';
import { inFile, inFileAsync } from '../../shell/failure.ts';
import { interruptible } from '../../shell/interrupts.ts';
import { createProgress, type Progress } from '../../shell/progress.ts';
import { warn } from '../../shell/warn.ts';

/** Of answers that are written to a file: the first few are shown. */
const mostShown = 10;

/** Answers as they come, and what is done with them in the end. */
interface Sink {
  add(answers: readonly Answer[]): Promise<void>;
  finish(): Promise<void>;
}

export const runDecrypt: Action<typeof decrypt> = async (options, { print, remark }) => {
  const { output: path, raw } = options;
  const output = path === undefined ? undefined : { file: new OutputFile(path), format: answerFormatOf(path) };
  const part = await readClientFile(options.plan);
  const ports = raw ? part.outputs : modelOutputs(part, part.outputs);
  if (output !== undefined) checkAnswerFormat(output.file.path, output.format, ports);
  const key = await readKeyFile(options.keys, keyFileNames.secretKey, part, options.plan);
  const warnings: Diagnostic[] = [];
  const shown = options.json ? undefined : new Descriptions(ports, output === undefined ? Infinity : mostShown);
  const held: Answer[] = [];
  const progress = createProgress(options.quiet);
  const decryptInto = (file: RandomAccess, open: (count: number) => Sink) =>
    interruptible(async (signal) => {
      const client = await Client.create(part);
      try {
        inFile(key.path, () => {
          client.loadKeys(key.bytes);
        });
        return await inFileAsync(options.input, async () => {
          const onWarning = (warning: Diagnostic): void => void warnings.push(warning);
          const decrypted = await client.decryptFrom(file, { signal, raw, onWarning });
          return writeAnswers(decrypted, open(decrypted.samples), progress);
        });
      } finally {
        client.close();
      }
    });
  const count = await withInputFile(options.input, fileKinds.ciphertexts, (file) =>
    output === undefined
      ? decryptInto(file, () => ({
          add: (answers) => {
            if (options.json) held.push(...answers);
            shown?.add(answers);
            return Promise.resolve();
          },
          finish: () => Promise.resolve(),
        }))
      : output.file.writeInParts((append) =>
          decryptInto(file, (samples) => {
            const writer = new AnswerWriter(ports, output.format, samples, append);
            return {
              add: (answers) => {
                shown?.add(answers);
                return writer.add(answers);
              },
              finish: () => writer.finish(),
            };
          }),
        ),
  ).finally(() => progress.end());
  warn(warnings, { remark });
  if (shown !== undefined) for (const text of shown.texts(count)) print(text);
  else
    print(
      toJson(output === undefined ? { samples: count, outputs: nestOutputs(ports, held) } : fileReport(output, count)),
    );
};

function fileReport({ file, format }: { file: OutputFile; format: AnswerFormat }, samples: number) {
  return { samples, file: file.path, format };
}

/** How many samples there are. */
async function writeAnswers({ samples, runs }: DecryptedFile, sink: Sink, progress: Progress): Promise<number> {
  let done = 0;
  for await (const answers of runs) {
    await sink.add(answers);
    done += answers.length;
    progress.overall('decrypting', done / samples);
  }
  await sink.finish();
  return samples;
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
