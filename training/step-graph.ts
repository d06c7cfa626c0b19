/**
 * Training as one ONNX model: a Scan over batches, whose state are the parameters and the moments of Adam. Several steps in
 * one run copy the state in and out of onnxruntime only once.
 */
import { elementCount } from '../ir/constant.ts';
import { nodeAt } from '../ir/module.ts';
import type { ValueId } from '../ir/op.ts';
import type { TensorModule } from '../ir/tensor/ops.ts';
import { flattened, reshaped } from './onnx/forward.ts';
import { type Extent, GraphWriter } from './onnx/graph-writer.ts';
import { type AdamState, emitAdam } from './adam.ts';
import {
  emitGradientGraph,
  emitTrainedForward,
  type LossKind,
  outputElements,
  type TrainedForward,
} from './gradients/gradient-graph.ts';
import { maskOf, type Parameter, parameterName, parametersOf } from './gradients/parameters.ts';
import { inputOf } from './module-interface.ts';

export interface StepGraphOptions {
  readonly batch: number;
  readonly loss: LossKind;
  /** Whether the target is the input itself; otherwise it is fed. */
  readonly reconstructs: boolean;
}

/** Names of what is fed beside the state, each with an axis of steps first, and of the losses of all steps. */
export const stepInputs = { x: 'x', target: 'target', rate: 'rate', epsilon: 'epsilon' } as const;
export const lossesOutput = 'losses';

/** The three arrays of each parameter that the model takes and gives, and how they are called there. */
export const stateParts = ['value', 'mean', 'square'] as const;

export function stateInput({ name }: Parameter, part: keyof AdamState): string {
  return `${part} of ${name}`;
}

export function stateOutput({ name }: Parameter, part: keyof AdamState): string {
  return `new ${part} of ${name}`;
}

/** The bytes of the model. */
export function writeStepGraph(module: TensorModule, options: StepGraphOptions): Uint8Array {
  const graph = new GraphWriter();
  const body = new GraphWriter(graph);
  const parameters = parametersOf(module);
  const steps = (shape: readonly Extent[]): readonly Extent[] => ['steps', ...shape];

  const scanned = [
    { name: stepInputs.x, shape: [options.batch, ...inputOf(module).type] },
    ...(options.reconstructs ? [] : [{ name: stepInputs.target, shape: [options.batch, outputElements(module)] }]),
    { name: stepInputs.rate, shape: [] },
    { name: stepInputs.epsilon, shape: [] },
  ];
  const inner = (name: string) => `a step's ${name}`;
  const states = parameters.flatMap((parameter) => stateParts.map((part) => ({ parameter, part })));
  for (const { parameter, part } of states) {
    graph.input(stateInput(parameter, part), parameter.shape);
    body.input(bodyState(parameter)[part], parameter.shape);
    graph.reserve(stateOutput(parameter, part));
  }
  for (const { name, shape } of scanned) {
    graph.input(name, steps(shape));
    body.input(inner(name), shape);
  }
  graph.reserve(lossesOutput);

  const x = inner(stepInputs.x);
  const forward = emitTrainedForward(body, module, x);
  const target = options.reconstructs
    ? body.node('Reshape', [x, body.int64s([2], [options.batch, elementCount(inputOf(module).type)], 'shape')])
    : inner(stepInputs.target);
  const { loss, gradients } = emitGradientGraph(body, module, forward, target, options.loss, options.batch);
  const step = { rate: inner(stepInputs.rate), epsilon: inner(stepInputs.epsilon) };
  const shifts = new Map<ValueId, Shift>();
  for (const parameter of parameters) {
    const gradient = centred(body, module, forward, gradients, parameter, shifts);
    const mask = maskOf(module, parameter);
    const before = bodyState(parameter);
    const after =
      gradient === undefined
        ? unchanged(body, before)
        : emitAdam(body, before, gradient, mask && graph.floats(parameter.shape, mask, 'mask'), step);
    const shift = shifts.get(parameter.node);
    if (shift !== undefined && parameter.part === 'weights') shift.after = after.value;
    const value = parameter.part === 'bias' ? shiftedBias(body, after.value, shift) : after.value;
    for (const part of stateParts) body.output(part === 'value' ? value : after[part], parameter.shape);
  }
  body.output(loss, []);

  const operands = [
    ...states.map(({ parameter, part }) => stateInput(parameter, part)),
    ...scanned.map(({ name }) => name),
  ];
  const results = [...states.map(({ parameter, part }) => stateOutput(parameter, part)), lossesOutput];
  graph.nodeCalled('Scan', operands, results, { num_scan_inputs: scanned.length, body: { body } });
  for (const { parameter, part } of states) graph.output(stateOutput(parameter, part), parameter.shape);
  graph.output(lossesOutput, steps([]));
  return graph.modelBytes('training');
}

interface Shift {
  /** Of what the layer reads, over the samples of the batch. */
  readonly mean: string;
  /** The weights before and after the step. */
  readonly before: string;
  after?: string;
}

/**
 * The gradient of dense weights for y = W (x − μ) + c with the mean μ of the batch in place of y = W x + b: what a weight
 * does to the mean of its result is left to c, which makes the problem far better conditioned where inputs are not
 * centred (LeCun et al., Efficient BackProp, 1998, section 4.3). The bias then follows as b = c − W μ.
 */
function centred(
  body: GraphWriter,
  module: TensorModule,
  forward: TrainedForward,
  gradients: ReadonlyMap<string, string>,
  parameter: Parameter,
  shifts: Map<ValueId, Shift>,
): string | undefined {
  const gradient = gradients.get(parameter.name);
  const ofBias = gradients.get(parameterName(parameter.node, 'bias'));
  const node = nodeAt(module, parameter.node);
  const operand = forward.values[node.operands[0] ?? -1];
  if (node.op !== 'dense' || parameter.part !== 'weights') return gradient;
  if (gradient === undefined || ofBias === undefined || operand === undefined) return gradient;
  const [rows = 1, columns = 1] = parameter.shape;
  const mean = body.node('ReduceMean', [flattened(body, operand)], { attributes: { axes: [0], keepdims: 1 } });
  shifts.set(parameter.node, { mean, before: parameter.name });
  const column = reshaped(body, ofBias, [rows, 1]);
  return body.node('Sub', [gradient, body.node('MatMul', [column, reshaped(body, mean, [1, columns])])]);
}

function shiftedBias(body: GraphWriter, bias: string, shift: Shift | undefined): string {
  if (shift?.after === undefined) return bias;
  const change = body.node('Sub', [shift.after, shift.before]);
  const product = body.node('MatMul', [change, reshaped(body, shift.mean, [-1, 1])]);
  return body.node('Sub', [bias, reshaped(body, product, [-1])]);
}

function bodyState({ name }: Parameter): AdamState {
  return { value: name, mean: `mean ${name}`, square: `square ${name}` };
}

/** Of a parameter that no output depends on; an output of a body must not be its input. */
function unchanged(body: GraphWriter, { value, mean, square }: AdamState): AdamState {
  const copy = (name: string) => body.node('Identity', [name]);
  return { value: copy(value), mean: copy(mean), square: copy(square) };
}
