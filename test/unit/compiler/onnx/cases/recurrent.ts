/** Recurrent layers of a constant number of steps, bare and as torch and Keras export them with the batch first. */
import { floats, int32s, int64s, node, type NodeSpec, type TensorSpec } from '../../../../support/onnx-builder.ts';
import { type Case, given, scalar, weights } from './case.ts';

const batch = 'batch';
const gates = { RNN: 1, GRU: 3, LSTM: 4 } as const;
type Layer = keyof typeof gates;

const [steps, inputs, hidden] = [3, 4, 2];

/** W, R and B of a layer. */
function parameters(layer: Layer, directions = 1): Readonly<Record<string, TensorSpec>> {
  const rows = gates[layer] * hidden;
  return {
    w: weights(directions, rows, inputs),
    r: weights(directions, rows, hidden),
    b: weights(directions, 2 * rows),
  };
}

const outputsOf = (layer: Layer) => (layer === 'LSTM' ? ['y', 'h', 'c'] : ['y', 'h']);

/** The layer on [T, 2, I], all of its outputs. */
function bare(name: string, layer: Layer, attributes: NodeSpec['attributes'] = {}, operands = 'x w r b'): Case {
  const directions = attributes['direction'] === 'bidirectional' ? 2 : 1;
  const outputs = outputsOf(layer);
  return given(`${layer}, ${name}`, {
    inputs: { x: [steps, 2, inputs] },
    nodes: [node(layer, operands, outputs.join(' '), { hidden_size: hidden, ...attributes })],
    initializers: {
      ...parameters(layer, directions),
      h0: weights(directions, 2, hidden),
      c0: { ...weights(directions, 2, hidden, 1), dims: [directions, 2, hidden] },
      p: weights(directions, 3 * hidden),
      lengths: int32s([2], [steps, steps]),
    },
    outputs,
  });
}

/** torch.nn.LSTM(batch_first=True) and its like: states of zeros for as many samples as there are, and Y squeezed. */
export function torchRecurrent(layer: Layer, direction: 'forward' | 'bidirectional'): Case {
  const directions = direction === 'forward' ? 1 : 2;
  const states = layer === 'LSTM' ? 'states states' : 'states';
  return given(`torch.nn.${layer}, batch first, ${direction}`, {
    inputs: { x: [batch, steps, inputs] },
    nodes: [
      node('Shape', 'x', 'shape'),
      node('Gather', 'shape zero', 'size', { axis: 0 }),
      node('Unsqueeze', 'size zeros', 'size1'),
      node('Concat', 'layers size1 width', 'stateShape', { axis: 0 }),
      node('ConstantOfShape', 'stateShape', 'states', { value: { tensor: floats([1], [0]) } }),
      node('Transpose', 'x', 'timeFirst', { perm: [1, 0, 2] }),
      node(layer, `timeFirst w r b _ ${states}`, ['all', ...outputsOf(layer).slice(1)].join(' '), {
        hidden_size: hidden,
        direction,
        ...(layer === 'GRU' && { linear_before_reset: 1 }),
      }),
      ...(directions === 1
        ? [node('Squeeze', 'all ones', 'merged')]
        : [node('Transpose', 'all', 'sides', { perm: [0, 2, 1, 3] }), node('Reshape', 'sides flat', 'merged')]),
      node('Transpose', 'merged', 'out', { perm: [1, 0, 2] }),
      node('Gather', 'out last', 'final', { axis: 1 }),
      node('Gemm', 'final head', 'y'),
    ],
    initializers: {
      ...parameters(layer, directions),
      zero: int64s([], [0]),
      zeros: int64s([1], [0]),
      ones: int64s([1], [1]),
      layers: int64s([1], [directions]),
      width: int64s([1], [hidden]),
      flat: int64s([3], [0, 0, -1]),
      last: int64s([], [-1]),
      head: weights(directions * hidden, 2),
    },
    outputs: ['y', ...outputsOf(layer).slice(1)],
  });
}

/** Keras' LSTM by tf2onnx: transposed, states expanded to the batch, the last state squeezed. */
const keras = given('Keras LSTM(return_sequences=False)', {
  inputs: { x: [batch, steps, inputs] },
  nodes: [
    node('Transpose', 'x', 'timeFirst', { perm: [1, 0, 2] }),
    node('Shape', 'x', 'shape'),
    node('Slice', 'shape zeros ones', 'size1'),
    node('Concat', 'size1 width', 'fillShape', { axis: 0 }),
    node('Expand', 'none fillShape', 'fill'),
    node('Unsqueeze', 'fill zeros', 'state'),
    node('LSTM', 'timeFirst w r b _ state state', '_ h _', { hidden_size: hidden, direction: 'forward' }),
    node('Squeeze', 'h zeros', 'squeezed'),
    node('Gemm', 'squeezed head', 'y'),
  ],
  initializers: {
    ...parameters('LSTM'),
    zeros: int64s([1], [0]),
    ones: int64s([1], [1]),
    width: int64s([1], [hidden]),
    none: scalar(0),
    head: weights(hidden, 2),
  },
});

const layers = ['RNN', 'GRU', 'LSTM'] as const;

export const recurrentCases: readonly Case[] = [
  ...layers.flatMap((layer) => [
    bare('forward', layer),
    bare('reverse, without bias', layer, { direction: 'reverse' }, 'x w r'),
    bare('bidirectional', layer, { direction: 'bidirectional' }),
    bare('initial states and lengths', layer, {}, `x w r b lengths h0${layer === 'LSTM' ? ' c0' : ''}`),
    bare('clipped', layer, { clip: { float: 0.5 } }),
    torchRecurrent(layer, 'forward'),
    torchRecurrent(layer, 'bidirectional'),
  ]),
  bare('Relu', 'RNN', { activations: { strings: ['Relu'] } }),
  bare('activations with parameters', 'RNN', {
    direction: 'bidirectional',
    activations: { strings: ['LeakyRelu', 'HardSigmoid'] },
    activation_alpha: { floats: [0.3, 0.1] },
    activation_beta: { floats: [0.4] },
  }),
  bare('Affine and ScaledTanh', 'RNN', {
    direction: 'bidirectional',
    activations: { strings: ['Affine', 'ScaledTanh'] },
    activation_alpha: { floats: [0.5, 1.5] },
    activation_beta: { floats: [0.25, 0.75] },
  }),
  bare('Elu and Softplus', 'GRU', { activations: { strings: ['Softplus', 'Elu'] }, activation_alpha: { floats: [1] } }),
  bare('linear before reset', 'GRU', { linear_before_reset: 1 }),
  bare('linear before reset with a state', 'GRU', { linear_before_reset: 1 }, 'x w r b _ h0'),
  bare('peepholes', 'LSTM', {}, 'x w r b _ h0 c0 p'),
  bare('input and forget coupled', 'LSTM', { input_forget: 1 }, 'x w r b _ h0 c0'),
  bare('HardSigmoid', 'LSTM', { activations: { strings: ['HardSigmoid', 'Tanh', 'Tanh'] } }),
  keras,
  given('torch.nn.LSTM with the batch second, and initial states', {
    inputs: { x: [steps, batch, inputs], h0: [1, batch, hidden], c0: [1, batch, hidden] },
    nodes: [node('LSTM', 'x w r b _ h0 c0', 'all h c', { hidden_size: hidden }), node('Squeeze', 'all ones', 'y')],
    initializers: { ...parameters('LSTM'), ones: int64s([1], [1]) },
    outputs: ['y', 'h', 'c'],
  }),
  given('an encrypted initial state', {
    inputs: { x: [steps, 1, inputs], h0: [1, 1, hidden] },
    nodes: [node('GRU', 'x w r b _ h0', 'y h', { hidden_size: hidden })],
    initializers: parameters('GRU'),
    outputs: ['y', 'h'],
  }),
];
