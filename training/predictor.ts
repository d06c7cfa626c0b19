/** What a module computes for many samples, in batches, with parameters that may change between calls. */
import { elementCount } from '../ir/constant.ts';
import type { TensorModule } from '../ir/tensor/ops.ts';
import type { TrainingData } from '../ir/tensor/trainer.ts';
import { GraphWriter } from './onnx/graph-writer.ts';
import { emitTrainedForward, outputElements } from './gradients/gradient-graph.ts';
import { inputOf } from './module-interface.ts';
import { type Parameter, parametersOf, type ParameterValues } from './gradients/parameters.ts';
import { type FloatArray, GraphSession } from './session.ts';

const x = 'x';
const outputs = 'outputs';

/** Elements of the inputs of one call: 8 MiB of floats. */
const elementsAtOnce = 2 ** 21;

export class Predictor {
  private readonly session: GraphSession;
  private readonly parameters: readonly Parameter[];
  private readonly shape: readonly number[];
  private readonly outputs: number;

  private constructor(session: GraphSession, module: TensorModule) {
    this.session = session;
    this.parameters = parametersOf(module);
    this.shape = inputOf(module).type;
    this.outputs = outputElements(module);
  }

  /** The caller closes it. */
  static async load(module: TensorModule): Promise<Predictor> {
    return new Predictor(await GraphSession.load(writeForwardGraph(module)), module);
  }

  /** All outputs of each sample, one after another: [count, outputs]. */
  async run(parameters: ParameterValues, { inputs, count }: TrainingData): Promise<Float32Array> {
    const all = new Float32Array(count * this.outputs);
    const size = elementCount(this.shape);
    const most = Math.max(1, Math.floor(elementsAtOnce / Math.max(size, this.outputs)));
    const feeds = new Map<string, FloatArray>(
      this.parameters.map(({ name, shape }) => [name, { shape, data: parameters.get(name) ?? new Float32Array() }]),
    );
    for (let from = 0; from < count; from += most) {
      const to = Math.min(count, from + most);
      feeds.set(x, { shape: [to - from, ...this.shape], data: inputs.subarray(from * size, to * size) });
      const results = await this.session.run(feeds);
      all.set(results.get(outputs) ?? [], from * this.outputs);
    }
    return all;
  }

  async close(): Promise<void> {
    await this.session.close();
  }
}

function writeForwardGraph(module: TensorModule): Uint8Array {
  const graph = new GraphWriter();
  graph.reserve(outputs);
  graph.input(x, ['samples', ...inputOf(module).type]);
  for (const { name, shape } of parametersOf(module)) graph.input(name, shape);
  const forward = emitTrainedForward(graph, module, x);
  graph.node('Identity', [forward.outputs], { exactly: outputs });
  graph.output(outputs, ['samples', outputElements(module)]);
  return graph.modelBytes('forward');
}
