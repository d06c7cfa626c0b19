/** Graphs that onnxruntime runs for training: floats in, floats out, in one thread, so that sums have one order. */
import { InternalError } from '../ir/diagnostics/diagnostic.ts';
import { type InferenceSession, loadOnnxruntime, type Onnxruntime, type Tensor } from './load-onnxruntime.ts';

/** Floats with their shape, row-major. */
export interface FloatArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export class GraphSession {
  private readonly onnxruntime: Onnxruntime;
  private readonly session: InferenceSession;

  private constructor(onnxruntime: Onnxruntime, session: InferenceSession) {
    this.onnxruntime = onnxruntime;
    this.session = session;
  }

  /** Loads what `GraphWriter` wrote; the caller closes it. Throws `HepcError` (H117) without onnxruntime. */
  static async load(bytes: Uint8Array): Promise<GraphSession> {
    const onnxruntime = await loadOnnxruntime();
    const options = { executionProviders: ['wasm'], logSeverityLevel: 4 } as const;
    return new GraphSession(onnxruntime, await onnxruntime.InferenceSession.create(bytes, options));
  }

  /** All outputs by name. */
  async run(inputs: ReadonlyMap<string, FloatArray>): Promise<ReadonlyMap<string, Float32Array>> {
    const feeds: Record<string, Tensor> = {};
    for (const [name, { shape, data }] of inputs) feeds[name] = new this.onnxruntime.Tensor('float32', data, shape);
    const results = await this.session.run(feeds);
    return new Map(
      this.session.outputNames.map((name) => {
        const data = results[name]?.data;
        if (!(data instanceof Float32Array)) throw new InternalError(`the graph has no output ${name} of floats`);
        return [name, data];
      }),
    );
  }

  async close(): Promise<void> {
    await this.session.release();
  }
}
