/** Graphs that onnxruntime runs for training: floats in, floats out, in one thread, so that sums have one order. */
import { env, InferenceSession, Tensor } from 'onnxruntime-web';

import { InternalError } from '../ir/diagnostics/diagnostic.ts';

env.wasm.numThreads = 1;
env.logLevel = 'fatal';

/** Floats with their shape, row-major. */
export interface FloatArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export class GraphSession {
  private readonly session: InferenceSession;

  private constructor(session: InferenceSession) {
    this.session = session;
  }

  /** Loads what `GraphWriter` wrote; the caller closes it. */
  static async load(bytes: Uint8Array): Promise<GraphSession> {
    return new GraphSession(
      await InferenceSession.create(bytes, { executionProviders: ['wasm'], logSeverityLevel: 4 }),
    );
  }

  /** All outputs by name. */
  async run(inputs: ReadonlyMap<string, FloatArray>): Promise<ReadonlyMap<string, Float32Array>> {
    const feeds: Record<string, Tensor> = {};
    for (const [name, { shape, data }] of inputs) feeds[name] = new Tensor('float32', data, shape);
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
