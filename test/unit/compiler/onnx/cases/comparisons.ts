/** Comparisons of encrypted values: pools and thresholds. */
import { node, type NodeSpec } from '../../../../support/onnx-builder.ts';
import { type Case, given } from './case.ts';

const image = { x: ['batch', 2, 5, 6] };

const pools: Case[] = [
  given('MaxPool', { inputs: image, nodes: [node('MaxPool', 'x', 'y', { kernel_shape: [2, 3], strides: [2, 3] })] }),
  given('MaxPool of windows that overlap, dilated', {
    ...{ opset: 12, inputs: image },
    nodes: [node('MaxPool', 'x', 'y', { kernel_shape: [2, 2], dilations: [2, 1] })],
  }),
  given('MaxPool with pads', {
    inputs: image,
    nodes: [node('MaxPool', 'x', 'y', { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] })],
  }),
  given('MaxPool with ceil_mode', {
    ...{ opset: 12, inputs: image },
    nodes: [node('MaxPool', 'x', 'y', { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 })],
  }),
  given('MaxPool with auto_pad', {
    ...{ inputs: { x: ['batch', 3, 7] } },
    nodes: [node('MaxPool', 'x', 'y', { kernel_shape: [4], strides: [2], auto_pad: 'SAME_LOWER' })],
  }),
  given('MaxPool of several images of one sample', {
    inputs: { x: [2, 2, 4, 4] },
    nodes: [node('MaxPool', 'x', 'y', { kernel_shape: [2, 2], strides: [2, 2] })],
  }),
  given('GlobalMaxPool', { inputs: image, nodes: [node('GlobalMaxPool', 'x', 'y')] }),
];

function of(name: string, nodes: readonly NodeSpec[]): Case {
  return given(name, { opset: 22, inputs: { x: ['batch', 3, 4] }, nodes });
}

const thresholds: Case[] = [
  of('ThresholdedRelu', [node('ThresholdedRelu', 'x', 'y')]),
  of('ThresholdedRelu at 0', [node('ThresholdedRelu', 'x', 'y', { alpha: { float: 0 } })]),
  of('Shrink', [node('Shrink', 'x', 'y', { lambd: { float: 0.75 }, bias: { float: 0.25 } })]),
  of('Shrink to 0', [node('Shrink', 'x', 'y')]),
  of('Shrink without a jump', [node('Shrink', 'x', 'y', { lambd: { float: 0.75 }, bias: { float: 0.75 } })]),
];

export const comparisonCases: readonly Case[] = [...pools, ...thresholds];
