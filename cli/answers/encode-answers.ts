/** Answers as numpy files. */
import type { Answer } from '../../ir/interface.ts';
import { writeNpy } from '../../runtime/format/npy.ts';
import { writeTextNpy } from '../../runtime/format/text-array.ts';
import { writeZip } from '../../runtime/format/zip.ts';
import { type AnswerPort, joinAnswers, joinTextAnswers, shapeOfAnswers } from './answers.ts';

/**
 * One output as `.npy`, several as `.npz` by name, or as `format` says; with the axis of samples where the model has it: reals as 64-bit floats, integers as 64-bit
 * integers, booleans, texts. A map is the array of its values, and one of its keys called NAME.keys.
 */
export function encodeAnswers(
  outputs: readonly AnswerPort[],
  samples: readonly Answer[],
  format: 'npy' | 'npz' | 'numpy' = 'numpy',
): Uint8Array {
  const arrays = outputs.flatMap((port) => arraysOf(port, samples));
  const [first] = arrays;
  if (first !== undefined && arrays.length === 1 && format !== 'npz') return first.bytes;
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

/** What is no number has no integer; numpy writes the least one for it. */
function wholeNumbers(data: Float64Array): BigInt64Array {
  return BigInt64Array.from(data, (x) => (Number.isFinite(x) ? BigInt(Math.trunc(x)) : -(2n ** 63n)));
}
