/** Spectra of constant length, windows and mel bands. */
import { int64s, node } from '../../../../support/onnx-builder.ts';
import { type Case, given, scalar, weights } from './case.ts';

const batch = 'batch';

const transforms: Case[] = [
  given('DFT of real numbers, opset 17', {
    inputs: { x: [batch, 6, 1] },
    nodes: [node('DFT', 'x', 'y', { axis: 1 })],
  }),
  given('DFT of complex numbers, padded and along an inner axis', {
    inputs: { x: [2, 5, 3, 2] },
    nodes: [node('DFT', 'x n', 'y', { axis: 1 })],
    initializers: { n: int64s([], [8]) },
  }),
  given('DFT of fewer elements than there are', {
    inputs: { x: [batch, 8, 2] },
    nodes: [node('DFT', 'x n', 'y')],
    initializers: { n: int64s([], [5]) },
  }),
  given('DFT, onesided', {
    inputs: { x: [batch, 8, 1] },
    nodes: [node('DFT', 'x', 'y', { axis: 1, onesided: 1 })],
  }),
  given('DFT, inverse', {
    inputs: { x: [batch, 7, 2] },
    nodes: [node('DFT', 'x', 'y', { axis: 1, inverse: 1 })],
  }),
  given('DFT along an axis that is an operand, opset 20', {
    opset: 20,
    inputs: { x: [batch, 4, 6, 1] },
    nodes: [node('DFT', 'x _ axis', 'y', { onesided: 1 })],
    initializers: { axis: int64s([], [-2]) },
  }),
  given('STFT with a window', {
    inputs: { x: [batch, 16, 1] },
    nodes: [node('STFT', 'x step w', 'y')],
    initializers: { step: int64s([], [3]), w: weights(6) },
  }),
  given('STFT without a window, of all bins', {
    inputs: { x: [1, 16, 1] },
    nodes: [node('STFT', 'x step _ length', 'y', { onesided: 0 })],
    initializers: { step: int64s([], [4]), length: int64s([], [8]) },
  }),
];

const windows: Case[] = ['HannWindow', 'HammingWindow', 'BlackmanWindow'].flatMap((opType) =>
  [0, 1].map((periodic) =>
    given(`${opType}, periodic ${periodic}`, {
      inputs: { x: [batch, 7] },
      nodes: [node(opType, 'n', 'w', { periodic }), node('Mul', 'x w', 'y')],
      initializers: { n: int64s([], [7]) },
    }),
  ),
);

const mel: Case[] = [
  given('MelWeightMatrix', {
    inputs: { x: [batch, 9] },
    nodes: [node('MelWeightMatrix', 'bands length rate low high', 'm'), node('MatMul', 'x m', 'y')],
    initializers: {
      bands: int64s([], [4]),
      length: int64s([], [16]),
      rate: int64s([], [8000]),
      low: scalar(0),
      high: scalar(4000),
    },
  }),
  given('a spectrogram of a window', {
    inputs: { x: [batch, 12] },
    nodes: [
      node('Unsqueeze', 'x last', 'signal'),
      node('HannWindow', 'n', 'w'),
      node('STFT', 'signal step w', 's'),
      node('ReduceSumSquare', 's axes', 'y', { keepdims: 0 }),
    ],
    initializers: {
      last: int64s([1], [2]),
      n: int64s([], [4]),
      step: int64s([], [2]),
      axes: int64s([1], [3]),
    },
    opset: 18,
  }),
];

export const signalCases: readonly Case[] = [...transforms, ...windows, ...mel];
