/**
 * Samples: what `--input`, `--calibrate` and `--data` accept, and the files that outputs are written to.
 *
 * One rule for all. A file is `.npy`, `.npz`, JSON or a table with a sample in each row, by its content. An array of exactly an input's shape is one
 * sample; with one leading axis more, or one where the model has its batch axis, that axis holds samples. Where arrays have names they go by input name; a single
 * input may be called `x`; `y` are labels unless an input has that name; other arrays are ignored.
 */
import {
  badLabels,
  badTable,
  missingArray,
  noSamples,
  nonFiniteValue,
  oneArrayForSeveralInputs,
  sampleCountMismatch,
  tooMuchData,
  wrongShape,
} from '../ir/diagnostics/data.ts';
import { splitSamples, splitTexts, withSamples } from '../ir/batch-axis.ts';
import { sameShape } from '../ir/constant.ts';
import { type Diagnostic, HepcError, InternalError, type Place, throwIfErrors } from '../ir/diagnostics/diagnostic.ts';
import type { ClientElements, ClientValue, Port } from '../ir/interface.ts';
import { type ArrayFileLimits, openArrayFile, type UnreadArray } from './format/array-file.ts';
import { elementCount, type NdArray, writeNpy } from './format/npy.ts';
import { npzLimits, writeNpz } from './format/npz.ts';
import type { TextArray } from './format/text-array.ts';

export interface Samples<Value extends ClientValue = ClientValue> {
  /** At least 1. */
  readonly count: number;
  /** By input name: one row-major array per sample, finite but for inputs that may miss values. */
  readonly inputs: ReadonlyMap<string, readonly Value[]>;
  /** One safe integer per sample. */
  readonly labels?: readonly number[];
}

/** One output of a model for several samples. */
export interface OutputBatch {
  readonly name: string;
  /** With the axis of samples. */
  readonly shape: readonly number[];
  /** Row-major. */
  readonly data: Float64Array;
}

/** An input of a network, or one of a model. */
type SamplePort = Port & { readonly elements?: ClientElements; readonly allowsMissing?: boolean };

/** Inputs of a network are numbers; those of a model may be texts. */
type ValueOf<Spec extends Port> = 'elements' extends keyof Spec ? ClientValue : Float64Array;

/** Names that stand for a single input and for labels in files of several arrays. */
const inputAlias = 'x';
export const labelsName = 'y';

const fileLimits: ArrayFileLimits = {
  npz: npzLimits,
  maxJsonBytes: 2 ** 24,
};
/** Over all inputs; 2 GiB as 64-bit floats. */
const maxValues = 2 ** 28;
export const maxSamples = 2 ** 22;

/**
 * The samples for `inputs` in the file `bytes`; `fileName` is for diagnostics only.
 *
 * Throws HepcError with every problem found: the file cannot be read (H401 to H406), arrays are missing (H408, H409),
 * have the wrong shape (H407), hold no sample (H412), something else than finite real numbers (H404, H410) or labels
 * that are no integers (H413), disagree on the number of samples (H411), or are too large (H414).
 *
 * A name may stand more than once: a plan may pack an input in several ways.
 */
export function loadSamples<Spec extends Port>(
  bytes: Uint8Array,
  fileName: string,
  specs: readonly Spec[],
): Samples<ValueOf<Spec>>;
export function loadSamples(bytes: Uint8Array, fileName: string, specs: readonly SamplePort[]): Samples {
  const inputs = [...new Map(specs.map((spec) => [spec.name, spec])).values()];
  const file = { file: fileName };
  const arrays = openByInputName(bytes, file, inputs);
  const diagnostics: Diagnostic[] = [];

  const batches = new Map(
    inputs.map((spec) => [spec.name, attempt(diagnostics, () => readInput(arrays, inputs, spec, file))]),
  );
  const labels = inputs.some(({ name }) => name === labelsName) ? undefined : arrays.get(labelsName);
  const labelBatch = labels && attempt(diagnostics, () => readLabels(labels));
  throwIfErrors(diagnostics);

  const count = commonCount(
    [...batches.values(), labelBatch].filter((batch) => batch !== undefined),
    file,
  );
  const samples = new Map<string, ClientValue[]>();
  for (const [name, batch] of batches) {
    if (batch !== undefined) samples.set(name, attempt(diagnostics, () => splitBatch(batch)) ?? []);
  }
  const labelValues = labelBatch && attempt(diagnostics, () => integerLabels(labelBatch));
  throwIfErrors(diagnostics);
  return { count, inputs: samples, ...(labelValues === undefined ? {} : { labels: labelValues }) };
}

/**
 * The labels in the file `bytes`: the only array, or `y`. Throws HepcError as `loadSamples` does for `y`.
 */
export function loadLabels(bytes: Uint8Array, fileName: string): readonly number[] {
  const file = { file: fileName };
  const arrays = openArrayFile(bytes, fileLimits, file, []);
  const only = 'read' in arrays ? arrays : arrays.size === 1 ? [...arrays.values()][0] : arrays.get(labelsName);
  if (only === undefined)
    throw new HepcError([
      missingArray({ names: [labelsName], found: 'read' in arrays ? [] : [...arrays.keys()] }, file),
    ]);
  return integerLabels(readLabels(only));
}

/** The first `k` samples, or all where there are fewer; `k` is at least 1. */
export function limitSamples<Value extends ClientValue>(samples: Samples<Value>, k: number): Samples<Value> {
  if (!Number.isInteger(k) || k < 1) throw new InternalError(`samples limited to ${k}`);
  return {
    count: Math.min(k, samples.count),
    inputs: new Map(Array.from(samples.inputs, ([name, arrays]) => [name, arrays.slice(0, k)])),
    ...(samples.labels === undefined ? {} : { labels: samples.labels.slice(0, k) }),
  };
}

/** The arrays of each sample by input name: what `Client.encrypt` and the compiler take. */
export function listSamples<Value extends ClientValue>({ count, inputs }: Samples<Value>): Map<string, Value>[] {
  return Array.from({ length: count }, (_, k) => {
    const sample = new Map<string, Value>();
    for (const [name, arrays] of inputs) {
      const values = arrays[k];
      if (values !== undefined) sample.set(name, values);
    }
    return sample;
  });
}

/** Outputs as 64-bit floats: one output as `.npy`, several as `.npz` by output name. */
export function encodeOutputs(outputs: readonly OutputBatch[]): Uint8Array {
  const arrays = outputs.map(({ name, shape, data }): [string, NdArray] => [name, { dtype: 'f8', shape, data }]);
  const [first] = arrays;
  return first !== undefined && arrays.length === 1 ? writeNpy(first[1]) : writeNpz(new Map(arrays));
}

/** An array that has been found to hold `count` samples, at least 1, of `size` elements each. */
interface Batch {
  /** As the file calls it, or the input's name where the file does not. */
  readonly name: string;
  readonly at: Place;
  readonly array: NdArray | TextArray;
  /** Whether values may be missing (NaN). */
  readonly allowsMissing: boolean;
  readonly count: number;
  readonly size: number;
  /** Of one sample. */
  readonly shape: readonly number[];
  /** The axis of `shape` that the axis of samples stands before. */
  readonly axis: number;
}

/** The result of `check`, or undefined after adding the diagnostics that it throws to `diagnostics`. */
function attempt<T>(diagnostics: Diagnostic[], check: () => T): T | undefined {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof HepcError)) throw error;
    diagnostics.push(...error.diagnostics);
    return undefined;
  }
}

/** The arrays of the file by name; one without a name belongs to the only input. */
function openByInputName(bytes: Uint8Array, at: Place, inputs: readonly Port[]): ReadonlyMap<string, UnreadArray> {
  const [first] = inputs;
  if (first === undefined) throw new InternalError('samples for a model without inputs');
  const names = inputs.map(({ name }) => name);
  const file = openArrayFile(bytes, fileLimits, at, names);
  if (!('read' in file)) return file;
  if (inputs.length > 1) {
    throw new HepcError([oneArrayForSeveralInputs({ inputs: names }, at)]);
  }
  return new Map([[first.name, file]]);
}

/** What the array of an input may be called; the first that is there counts. */
export function arrayNames({ name }: Port, inputs: readonly Port[]): readonly [string, ...string[]] {
  return inputs.length === 1 ? [name, inputAlias] : [name];
}

function readInput(
  arrays: ReadonlyMap<string, UnreadArray>,
  inputs: readonly Port[],
  spec: SamplePort,
  file: Place,
): Batch {
  const names = arrayNames(spec, inputs);
  const name = names.find((candidate) => arrays.has(candidate)) ?? spec.name;
  const unread = arrays.get(name);
  if (unread === undefined) throw new HepcError([missingArray({ names, found: [...arrays.keys()] }, file)]);

  const { at } = unread;
  const { shape: expected, hasBatchAxis } = spec;
  const given = spec.elements === 'string' ? unread.readTexts() : unread.read();
  const [array, batchAxis] = inRows(unread, given, spec);
  const count = countSamples(array.shape, expected, batchAxis);
  if (count === undefined) {
    throw new HepcError([wrongShape({ array: name, got: array.shape, expected, hasBatchAxis, batchAxis }, at)]);
  }
  if (count === 0) throw new HepcError([noSamples({ array: name, shape: array.shape }, at)]);
  const allowsMissing = spec.allowsMissing === true;
  return { name, at, array, allowsMissing, count, size: elementCount(expected), shape: expected, axis: batchAxis };
}

/** Rows as samples of their shape, before whatever axis the model has them; other arrays as they are. */
function inRows<Own extends NdArray | TextArray>(
  { isTable, at }: UnreadArray,
  array: Own,
  { name, shape, batchAxis = 0 }: SamplePort,
): readonly [Own, number] {
  const [rows = 0, columns = 0] = array.shape;
  if (isTable !== true) return [array, batchAxis];
  const size = elementCount(shape);
  if (columns === size) return [{ ...array, shape: [rows, ...shape] }, 0];
  const reason = `a sample of ${JSON.stringify(name)} has ${size} elements, the rows have ${columns} for it`;
  throw new HepcError([badTable({ reason }, at)]);
}

function readLabels({ at, read, isTable }: UnreadArray): Batch {
  const given = read();
  const array = isTable === true && given.shape[1] === 1 ? { ...given, shape: given.shape.slice(0, 1) } : given;
  const count = countSamples(array.shape, []);
  if (count === undefined || array.dtype === 'b1') {
    const reason = count === undefined ? `its shape is [${array.shape.join(', ')}]` : 'it holds booleans';
    throw new HepcError([badLabels({ array: labelsName, reason }, at)]);
  }
  if (count === 0) throw new HepcError([noSamples({ array: labelsName, shape: array.shape }, at)]);
  return { name: labelsName, at, array, allowsMissing: false, count, size: 1, shape: [], axis: 0 };
}

/** How many samples of shape `sample` an array of shape `got` holds, before axis `axis`; undefined if it has another shape. */
export function countSamples(got: readonly number[], sample: readonly number[], axis = 0): number | undefined {
  if (sameShape(got, sample)) return 1;
  const count = got[axis];
  return count !== undefined && sameShape(got, withSamples(sample, axis, count)) ? count : undefined;
}

/** The number of samples of all `batches`, once it is known to be one number within the limits. */
function commonCount(batches: readonly Batch[], at: Place): number {
  const counts = batches.map(({ name, count }) => ({ array: name, count }));
  const count = counts[0]?.count ?? 0;
  if (counts.some((other) => other.count !== count)) throw new HepcError([sampleCountMismatch({ counts }, at)]);
  if (count > maxSamples) throw new HepcError([tooMuchData({ what: 'samples', got: count, limit: maxSamples }, at)]);
  const values = batches.reduce((sum, { size }) => sum + size * count, 0);
  if (values > maxValues) throw new HepcError([tooMuchData({ what: 'values', got: values, limit: maxValues }, at)]);
  return count;
}

function splitBatch(batch: Batch): ClientValue[] {
  const { name, at, array, allowsMissing, count, size, shape, axis } = batch;
  if (axis > 0) {
    const whole = { ...batch, count: 1, size: count * size, axis: 0 };
    return splitBatch(whole).flatMap((values): ClientValue[] =>
      values instanceof Float64Array
        ? splitSamples(values, shape, axis, count)
        : splitTexts(values, shape, axis, count),
    );
  }
  if (!('dtype' in array)) return Array.from({ length: count }, (_, i) => array.data.slice(i * size, (i + 1) * size));
  return Array.from({ length: count }, (_, i) => {
    const sample = elementsOf(array.data, i * size, (i + 1) * size);
    const bad = allowsMissing ? -1 : sample.findIndex((value) => !Number.isFinite(value));
    if (bad === -1) return sample;
    const index = unravelIndex(i * size + bad, array.shape);
    throw new HepcError([nonFiniteValue({ array: name, index, value: sample[bad] ?? NaN }, at)]);
  });
}

function integerLabels({ name, at, array, count }: Batch): number[] {
  const values = 'dtype' in array ? [...elementsOf(array.data, 0, count)] : [];
  const bad = values.findIndex((value) => !Number.isSafeInteger(value));
  if (bad !== -1) throw new HepcError([badLabels({ array: name, reason: `label ${bad} is ${values[bad]}` }, at)]);
  return values;
}

/** The elements from `start` to `end` as floats of their own; integers beyond 2^53 are rounded. */
export function elementsOf(data: NdArray['data'], start: number, end: number): Float64Array {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    return Float64Array.from(data.subarray(start, end), Number);
  }
  return new Float64Array(data.subarray(start, end));
}

/** The index along each axis of element `flat` of a row-major array. */
export function unravelIndex(flat: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  let rest = flat;
  for (const size of shape.toReversed()) {
    index.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return index;
}
