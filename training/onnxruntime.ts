/// <reference lib="esnext.float16" />
/**
 * The reference: the model itself, run in the clear by onnxruntime-web. The only file that knows it.
 *
 * In Node its package loads the WebAssembly build from its own folder; one thread, so that sums are always added in
 * the same order.
 */
import { env, InferenceSession, Tensor } from 'onnxruntime-web';

import { HepcError, InternalError } from '../ir/diagnostics/diagnostic.ts';
import { referenceFailed } from '../ir/diagnostics/import.ts';
import type { Port, Sample } from '../ir/interface.ts';

env.wasm.numThreads = 1;
env.logLevel = 'fatal';

interface ReferenceInput extends Port {
  readonly elements: 'float32' | 'float64' | 'float16';
}

export class ReferenceModel {
  private readonly session: InferenceSession;
  private readonly inputs: readonly ReferenceInput[];

  private constructor(session: InferenceSession) {
    this.session = session;
    this.inputs = session.inputMetadata.map(describeInput);
  }

  /**
   * Loads a model; `externalData` holds its data files by their path relative to the model.
   * Throws `HepcError` (H116) where onnxruntime refuses it. The caller closes it.
   */
  static async load(bytes: Uint8Array, externalData?: ReadonlyMap<string, Uint8Array>): Promise<ReferenceModel> {
    const files = Array.from(externalData ?? [], ([path, data]) => ({ path, data }));
    return new ReferenceModel(
      await reported(() =>
        InferenceSession.create(bytes, {
          executionProviders: ['wasm'],
          logSeverityLevel: 4,
          ...(files.length > 0 && { externalData: files }),
        }),
      ),
    );
  }

  /** Whether all inputs have a dynamic first axis, so that `runBatch` is one call of onnxruntime. */
  get hasBatchAxis(): boolean {
    return this.inputs.every(({ hasBatchAxis }) => hasBatchAxis);
  }

  /** The outputs for one sample. Throws `HepcError` (H116) where onnxruntime fails. */
  async run(sample: Sample): Promise<Map<string, Float64Array>> {
    const [outputs = new Map<string, Float64Array>()] = await this.runTogether([sample]);
    return outputs;
  }

  /** The outputs for each sample, in one call where the model has a batch axis; a static first axis is one sample. */
  async runBatch(samples: readonly Sample[]): Promise<Map<string, Float64Array>[]> {
    if (samples.length === 0) return [];
    if (this.hasBatchAxis) return this.runTogether(samples);
    const results: Map<string, Float64Array>[] = [];
    for (const sample of samples) results.push(await this.run(sample));
    return results;
  }

  async close(): Promise<void> {
    await this.session.release();
  }

  private async runTogether(samples: readonly Sample[]): Promise<Map<string, Float64Array>[]> {
    const feeds = Object.fromEntries(this.inputs.map((input) => [input.name, tensorOf(input, samples)]));
    const results = await reported(() => this.session.run(feeds));
    const outputs = this.session.outputNames.map((name) => [name, valuesOf(results[name])] as const);
    const part = (all: Float64Array, i: number) => {
      const size = all.length / samples.length;
      return all.slice(i * size, (i + 1) * size);
    };
    return samples.map((_, i) => new Map(outputs.map(([name, all]) => [name, part(all, i)])));
  }
}

function describeInput(metadata: InferenceSession.ValueMetadata): ReferenceInput {
  const { name } = metadata;
  if (!metadata.isTensor) throw new HepcError([referenceFailed({ reason: `input "${name}" is no tensor` })]);
  const elements = metadata.type;
  if (elements !== 'float32' && elements !== 'float64' && elements !== 'float16') {
    throw new HepcError([referenceFailed({ reason: `input "${name}" is of type ${elements}` })]);
  }
  const [first] = metadata.shape;
  const hasBatchAxis = first !== undefined && !isStatic(first);
  const shape = metadata.shape.slice(hasBatchAxis ? 1 : 0).filter(isStatic);
  return { name, elements, shape, hasBatchAxis };
}

/** A dynamic extent is its name, or, where it has none, −1 read as an unsigned number. */
function isStatic(extent: number | string): extent is number {
  return typeof extent === 'number' && extent > 0 && extent < 2 ** 31;
}

function tensorOf({ name, elements, shape, hasBatchAxis }: ReferenceInput, samples: readonly Sample[]): Tensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const all = new Float64Array(samples.length * size);
  for (const [i, sample] of samples.entries()) {
    const values = sample.get(name);
    if (values?.length !== size)
      throw new InternalError(`input ${name} needs ${size} elements, got ${values?.length ?? 0}`);
    all.set(values, i * size);
  }
  const dims = hasBatchAxis ? [samples.length, ...shape] : shape;
  switch (elements) {
    case 'float64':
      return new Tensor('float64', all, dims);
    case 'float32':
      return new Tensor('float32', Float32Array.from(all), dims);
    case 'float16':
      return new Tensor('float16', new Uint16Array(Float16Array.from(all).buffer), dims);
  }
}

function valuesOf(tensor: Tensor | undefined): Float64Array {
  if (tensor === undefined) throw new InternalError('onnxruntime has left out an output');
  const { data, type } = tensor;
  if (type === 'float16' && data instanceof Uint16Array) {
    return Float64Array.from(new Float16Array(data.buffer, data.byteOffset, data.length));
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
