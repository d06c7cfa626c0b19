/** The reference: the model itself, run in the clear by onnxruntime. */

import { joinSamples, joinTexts, splitSamples, splitTexts, withSamples } from '../ir/batch-axis.ts';
import { elementCount } from '../ir/constant.ts';
import { HepcError, InternalError } from '../ir/diagnostics/diagnostic.ts';
import { referenceFailed } from '../ir/diagnostics/import.ts';
import type { ClientSample, ClientValue, Port, Sample } from '../ir/interface.ts';
import { fromHalves, toHalves } from './halves.ts';
import { type InferenceSession, loadOnnxruntime, type Onnxruntime, type Tensor } from './load-onnxruntime.ts';

interface ReferenceInput extends Port {
  readonly elements: ElementType | 'string';
}

/** The element types of inputs, with the array that onnxruntime takes. */
const arrays = {
  float64: (values: Float64Array) => values,
  float32: (values: Float64Array) => Float32Array.from(values),
  float16: toHalves,
  int8: (values: Float64Array) => Int8Array.from(values),
  uint8: (values: Float64Array) => Uint8Array.from(values),
  int16: (values: Float64Array) => Int16Array.from(values),
  uint16: (values: Float64Array) => Uint16Array.from(values),
  int32: (values: Float64Array) => Int32Array.from(values),
  uint32: (values: Float64Array) => Uint32Array.from(values),
  int64: (values: Float64Array) => BigInt64Array.from(values, BigInt),
  uint64: (values: Float64Array) => BigUint64Array.from(values, BigInt),
  bool: (values: Float64Array) => Uint8Array.from(values),
} as const;

type ElementType = keyof typeof arrays;

/** The integers of a type; undefined for floats. */
const integerRanges: Readonly<Partial<Record<ElementType, readonly [least: number, most: number]>>> = {
  bool: [0, 1],
  int8: [-(2 ** 7), 2 ** 7 - 1],
  uint8: [0, 2 ** 8 - 1],
  int16: [-(2 ** 15), 2 ** 15 - 1],
  uint16: [0, 2 ** 16 - 1],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  int64: [-(2 ** 53), 2 ** 53],
  uint64: [0, 2 ** 53],
};

function isElementType(name: string): name is ElementType {
  return Object.hasOwn(arrays, name);
}

export class ReferenceModel {
  private readonly onnxruntime: Onnxruntime;
  private readonly session: InferenceSession;
  private readonly inputs: readonly ReferenceInput[];
  /** Shapes of the outputs for one sample, by name; empty until several are run together. */
  private shapesOfOne: ReadonlyMap<string, readonly number[]> = new Map();

  private constructor(onnxruntime: Onnxruntime, session: InferenceSession) {
    this.onnxruntime = onnxruntime;
    this.session = session;
    this.inputs = session.inputMetadata.map(describeInput);
  }

  /**
   * Loads a model; `externalData` holds its data files by their path relative to the model.
   * Throws `HepcError` where onnxruntime refuses it (H116) or is not installed (H117). The caller closes it.
   */
  static async load(bytes: Uint8Array, externalData?: ReadonlyMap<string, Uint8Array>): Promise<ReferenceModel> {
    const files = Array.from(externalData ?? [], ([path, data]) => ({ path, data }));
    const onnxruntime = await loadOnnxruntime();
    return new ReferenceModel(
      onnxruntime,
      await reported(() =>
        onnxruntime.InferenceSession.create(bytes, {
          executionProviders: ['wasm'],
          logSeverityLevel: 4,
          ...(files.length > 0 && { externalData: files }),
        }),
      ),
    );
  }

  /** Whether all inputs have a dynamic axis, so that `runBatch` is one call of onnxruntime. */
  get hasBatchAxis(): boolean {
    return this.inputs.every(({ hasBatchAxis }) => hasBatchAxis);
  }

  /** The outputs for one sample. Throws `HepcError` (H116) where onnxruntime fails. */
  async run(sample: Sample): Promise<Map<string, Float64Array>> {
    const [outputs = new Map<string, ClientValue>()] = await this.runTogether([sample]);
    return onlyNumbers(outputs);
  }

  /** The outputs for each sample, in one call where the model has a batch axis; a static first axis is one sample. */
  async runBatch(samples: readonly Sample[]): Promise<Map<string, Float64Array>[]> {
    return (await this.answer(samples)).map(onlyNumbers);
  }

  /** As `runBatch`, of texts too. */
  async answer(samples: readonly ClientSample[]): Promise<Map<string, ClientValue>[]> {
    if (samples.length === 0) return [];
    if (this.hasBatchAxis) return this.runTogether(samples);
    const results: Map<string, ClientValue>[] = [];
    for (const sample of samples) results.push(...(await this.runTogether([sample])));
    return results;
  }

  async close(): Promise<void> {
    await this.session.release();
  }

  private async runTogether(samples: readonly ClientSample[]): Promise<Map<string, ClientValue>[]> {
    const results = await this.resultsOf(samples);
    if (samples.length > 1 && this.shapesOfOne.size === 0) {
      const ofOne = await this.resultsOf(samples.slice(0, 1));
      this.shapesOfOne = new Map(Array.from(ofOne, ([name, { dims }]) => [name, dims]));
    }
    const parts = Array.from(results, ([name, tensor]) => {
      return [name, partsOf(tensor, this.shapesOfOne.get(name), samples.length)] as const;
    });
    return samples.map((_, i) => new Map(parts.map(([name, of]) => [name, of[i] ?? new Float64Array()])));
  }

  private async resultsOf(samples: readonly ClientSample[]): Promise<ReadonlyMap<string, Tensor>> {
    const feeds = Object.fromEntries(
      this.inputs.map((input) => [input.name, tensorOf(this.onnxruntime, input, samples)]),
    );
    const results = await reported(() => this.session.run(feeds));
    return new Map(
      this.session.outputNames.map((name) => {
        const tensor = results[name];
        if (tensor === undefined) throw new InternalError('onnxruntime has left out an output');
        return [name, tensor];
      }),
    );
  }
}

/** The part of each sample: along the axis that is longer than for one; of what is no longer, everything. */
function partsOf(tensor: Tensor, ofOne: readonly number[] | undefined, count: number): readonly ClientValue[] {
  const axis = ofOne?.findIndex((extent, d) => extent !== tensor.dims[d]) ?? -1;
  const isWhole = ofOne === undefined || axis < 0;
  if (tensor.type === 'string') {
    const texts = tensor.data as string[];
    return isWhole ? new Array<ClientValue>(count).fill(texts) : splitTexts(texts, ofOne, axis, count);
  }
  const values = numbersOf(tensor);
  return isWhole ? new Array<ClientValue>(count).fill(values) : splitSamples(values, ofOne, axis, count);
}

function describeInput(metadata: InferenceSession.ValueMetadata): ReferenceInput {
  const { name } = metadata;
  if (!metadata.isTensor) throw new HepcError([referenceFailed({ reason: `input "${name}" is no tensor` })]);
  const elements = metadata.type;
  if (elements !== 'string' && !isElementType(elements)) {
    throw new HepcError([referenceFailed({ reason: `input "${name}" is of type ${elements}` })]);
  }
  const batchAxis = metadata.shape.findIndex((extent) => !isStatic(extent));
  const shape = metadata.shape.filter(isStatic);
  return { name, elements, shape, hasBatchAxis: batchAxis >= 0, ...(batchAxis > 0 && { batchAxis }) };
}

/** A dynamic extent is its name, or, where it has none, −1 read as an unsigned number. */
function isStatic(extent: number | string): extent is number {
  return typeof extent === 'number' && extent > 0 && extent < 2 ** 31;
}

function tensorOf({ Tensor }: Onnxruntime, input: ReferenceInput, samples: readonly ClientSample[]): Tensor {
  const { name, elements, shape, hasBatchAxis, batchAxis = 0 } = input;
  const size = elementCount(shape);
  const given = samples.map((sample) => {
    const own = sample.get(name);
    if (own?.length !== size) throw new InternalError(`input ${name} needs ${size} elements, got ${own?.length ?? 0}`);
    return own;
  });
  const dims = hasBatchAxis ? withSamples(shape, batchAxis, samples.length) : shape;
  const texts = given.map((own) => (own instanceof Float64Array ? [] : own));
  if (elements === 'string') return new Tensor('string', joinTexts(texts, shape, batchAxis), dims);
  const numbers = given.map((own) => (own instanceof Float64Array ? own : new Float64Array(size)));
  const all = joinSamples(numbers, shape, batchAxis);
  const range = integerRanges[elements];
  const bad = range === undefined ? undefined : all.find((x) => !Number.isInteger(x) || x < range[0] || x > range[1]);
  if (bad !== undefined)
    throw new HepcError([
      referenceFailed({ reason: `input "${name}" is of type ${elements}, and a sample holds ${bad}` }),
    ]);
  return new Tensor(elements, arrays[elements](all), dims);
}

function onlyNumbers(outputs: ReadonlyMap<string, ClientValue>): Map<string, Float64Array> {
  return new Map(
    Array.from(outputs, ([name, values]) => [name, values instanceof Float64Array ? values : new Float64Array()]),
  );
}

function numbersOf({ data, type }: Tensor): Float64Array {
  if (type === 'float16' && data instanceof Uint16Array) {
    return fromHalves(data);
  }
  return Float64Array.from(data as ArrayLike<number | bigint | string>, Number);
}

/** Errors of onnxruntime, which come as plain errors with a text, as diagnostics. */
async function reported<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new HepcError([referenceFailed({ reason })]);
  }
}
