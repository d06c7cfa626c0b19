/** Gradient steps on the parameters of a module: keeps their state between runs of the step graph. */
import { elementCount } from '../ir/constant.ts';
import { InternalError } from '../ir/diagnostics/diagnostic.ts';
import type { TensorModule } from '../ir/tensor/ops.ts';
import { type AdamState, adamStep, cosineRate } from './adam.ts';
import type { Batches } from './batches.ts';
import { outputElements } from './gradients/gradient-graph.ts';
import { inputOf } from './module-interface.ts';
import { type Parameter, parametersOf, parameterValues, type ParameterValues } from './gradients/parameters.ts';
import { type FloatArray, GraphSession } from './session.ts';
import {
  lossesOutput,
  stateInput,
  stateOutput,
  stateParts,
  stepInputs,
  type StepGraphOptions,
  writeStepGraph,
} from './step-graph.ts';

export interface Schedule {
  readonly learningRate: number;
  /** Of the whole training. */
  readonly steps: number;
}

export class StepRunner {
  private readonly session: GraphSession;
  private readonly parameters: readonly Parameter[];
  private readonly options: StepGraphOptions;
  private readonly inputShape: readonly number[];
  private readonly outputs: number;
  private readonly state = new Map<string, FloatArray>();
  private taken = 0;

  private constructor(session: GraphSession, module: TensorModule, options: StepGraphOptions) {
    this.session = session;
    this.parameters = parametersOf(module);
    this.options = options;
    this.inputShape = inputOf(module).type;
    this.outputs = outputElements(module);
    const values = parameterValues(module);
    for (const parameter of this.parameters) {
      const { name, shape } = parameter;
      for (const part of stateParts) {
        const data = part === 'value' ? values.get(name) : undefined;
        this.state.set(stateInput(parameter, part), { shape, data: data ?? new Float32Array(elementCount(shape)) });
      }
    }
  }

  /** The caller closes it. */
  static async load(module: TensorModule, options: StepGraphOptions): Promise<StepRunner> {
    return new StepRunner(await GraphSession.load(writeStepGraph(module, options)), module, options);
  }

  /** The parameters after the steps so far. */
  get values(): ParameterValues {
    return new Map(this.parameters.map((parameter) => [parameter.name, this.stateOf(parameter, 'value').data]));
  }

  /** One step for each batch; the loss of each before its step. */
  async run({ steps, inputs, targets }: Batches, schedule: Schedule): Promise<Float32Array> {
    const { batch, reconstructs } = this.options;
    const rates = Array.from({ length: steps }, (_, i) => {
      const step = this.taken + i + 1;
      return adamStep(step, cosineRate(schedule.learningRate, step, schedule.steps));
    });
    const feeds = new Map(this.state);
    feeds.set(stepInputs.x, { shape: [steps, batch, ...this.inputShape], data: inputs });
    if (!reconstructs) feeds.set(stepInputs.target, { shape: [steps, batch, this.outputs], data: targets });
    feeds.set(stepInputs.rate, { shape: [steps], data: Float32Array.from(rates, ({ rate }) => rate) });
    feeds.set(stepInputs.epsilon, { shape: [steps], data: Float32Array.from(rates, ({ epsilon }) => epsilon) });
    const results = await this.session.run(feeds);
    for (const parameter of this.parameters) {
      for (const part of stateParts) {
        const data = results.get(stateOutput(parameter, part));
        if (data === undefined) throw new InternalError(`a step gives no ${part} of ${parameter.name}`);
        this.state.set(stateInput(parameter, part), { shape: parameter.shape, data });
      }
    }
    this.taken += steps;
    return results.get(lossesOutput) ?? new Float32Array();
  }

  async close(): Promise<void> {
    await this.session.close();
  }

  private stateOf(parameter: Parameter, part: keyof AdamState): FloatArray {
    const found = this.state.get(stateInput(parameter, part));
    if (found === undefined) throw new InternalError(`there is no ${part} of ${parameter.name}`);
    return found;
  }
}
