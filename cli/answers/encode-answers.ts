/** Answers as the bytes of a file. */
import type { Answer } from '../../ir/interface.ts';
import { npyHead, writeNpy } from '../../runtime/format/npy.ts';
import { writeTextNpy } from '../../runtime/format/text-array.ts';
import type { Append } from '../../runtime/format/zip-writer.ts';
import { writeZip } from '../../runtime/format/zip.ts';
import { type AnswerPort, joinAnswers, joinTextAnswers, shapeOfAnswers } from './answers.ts';

/**
 * One output as `.npy`, several as `.npz` by name; with the axis of samples where the model has it: reals as 64-bit floats, integers as 64-bit
 * integers, booleans, texts. A map is the array of its values, and one of its keys called NAME.keys.
 */
export function encodeAnswers(outputs: readonly AnswerPort[], samples: readonly Answer[]): Uint8Array {
  const arrays = outputs.flatMap((port) => arraysOf(port, samples));
  const [first] = arrays;
  if (first !== undefined && arrays.length === 1) return first.bytes;
  return writeZip(
    arrays.map(({ name, bytes }) => ({ name: `${name}.npy`, bytes })),
    { allowAnyName: true },
  );
}

interface NamedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

function arraysOf(port: AnswerPort, samples: readonly Answer[]): readonly NamedFile[] {
  const { name, keys, elements } = port;
  const shape = shapeOfAnswers(port, samples.length);
  if (elements === 'string') return [{ name, bytes: writeTextNpy({ shape, data: joinTextAnswers(port, samples) }) }];
  const values = { name, bytes: encodeNumbers(elements, shape, joinAnswers(port, samples)) };
  return keys === undefined ? [values] : [values, { name: `${name}.keys`, bytes: encodeKeys(keys) }];
}

function encodeNumbers(
  elements: AnswerPort['elements'],
  shape: readonly number[],
  data: Float64Array<ArrayBuffer>,
): Uint8Array {
  if (elements === 'integer') return writeNpy({ dtype: 'i8', shape, data: wholeNumbers(data) });
  if (elements === 'boolean') return writeNpy({ dtype: 'b1', shape, data: Uint8Array.from(data) });
  return writeNpy({ dtype: 'f8', shape, data });
}

function encodeKeys(keys: readonly (number | string)[]): Uint8Array {
  const shape = [keys.length];
  const numbers = keys.filter((key) => typeof key === 'number');
  return numbers.length === keys.length
    ? encodeNumbers('integer', shape, Float64Array.from(numbers))
    : writeTextNpy({ shape, data: keys.map(String) });
}

/**
 * Writes what `encodeAnswers` gives as answers come. Several outputs are held until the end, since each takes a stretch
 * of the file of its own; and so are texts, whose longest is known only then, and one whose samples are not one after another.
 */
export class AnswerWriter {
  private readonly outputs: readonly AnswerPort[];
  private readonly append: Append;
  /** The only output, where there is but one, of reals. */
  private readonly only: AnswerPort | undefined;
  private readonly held: Answer[] = [];
  private head: Uint8Array | undefined;

  /** @param count of all samples. */
  constructor(outputs: readonly AnswerPort[], count: number, append: Append) {
    const [first, ...others] = outputs;
    this.outputs = outputs;
    this.append = append;
    const isOnly = others.length === 0 && first?.batchAxis === undefined && first?.keys === undefined;
    const streams = isOnly && (first?.elements ?? 'real') === 'real';
    this.only = streams ? first : undefined;
    this.head = this.only && npyHead('f8', shapeOfAnswers(this.only, count));
  }

  async add(samples: readonly Answer[]): Promise<void> {
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

/** What is no number has no integer; numpy writes the least one for it. */
function wholeNumbers(data: Float64Array): BigInt64Array {
  return BigInt64Array.from(data, (x) => (Number.isFinite(x) ? BigInt(Math.trunc(x)) : -(2n ** 63n)));
}
