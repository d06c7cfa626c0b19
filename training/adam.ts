/**
 * Adam (Kingma and Ba, arXiv 1412.6980, algorithm 1), with moments that are kept without the factors 1 − β1 and 1 − β2:
 * those, and the correction of the bias, stand in the rate and the ε of each step, which saves passes over the weights.
 */
import type { GraphWriter } from './onnx/graph-writer.ts';

const beta1 = 0.9;
/** Below the 0.999 of the paper: recovery takes few steps, and with 0.99 an autoencoder ended 5 to 8 % lower. */
const beta2 = 0.99;
const epsilon = 1e-8;

export interface AdamStep {
  readonly rate: number;
  readonly epsilon: number;
}

/** What `emitAdam` takes for step `step` (from 1 on) with a learning rate. */
export function adamStep(step: number, learningRate: number): AdamStep {
  const mean = (1 - beta1) / (1 - beta1 ** step);
  const deviation = Math.sqrt((1 - beta2) / (1 - beta2 ** step));
  return { rate: (learningRate * mean) / deviation, epsilon: epsilon / deviation };
}

/** Steps at most over which the learning rate rises, and at most this share of all. */
const warmUp = { steps: 200, share: 0.1 };

/**
 * A learning rate that falls to zero by a cosine, at step `step` of `of`, from 1 on (Loshchilov and Hutter, arXiv
 * 1608.03983). It rises over the first steps, until the moments are known: the weights are good already.
 */
export function cosineRate(learningRate: number, step: number, of: number): number {
  const rise = Math.min(1, step / Math.max(1, Math.min(warmUp.steps, warmUp.share * of)));
  return (rise * learningRate * (1 + Math.cos((Math.PI * (step - 1)) / of))) / 2;
}

export interface AdamState {
  readonly value: string;
  readonly mean: string;
  readonly square: string;
}

/** The state after a step; where `mask` is zero the gradient is, so that a value and its moments stay what they are. */
export function emitAdam(
  graph: GraphWriter,
  { value, mean, square }: AdamState,
  gradient: string,
  mask: string | undefined,
  { rate, epsilon: small }: { readonly rate: string; readonly epsilon: string },
): AdamState {
  const g = mask === undefined ? gradient : graph.node('Mul', [gradient, mask]);
  const newMean = graph.node('Add', [graph.node('Mul', [mean, beta1]), g]);
  const newSquare = graph.node('Add', [graph.node('Mul', [square, beta2]), graph.node('Mul', [g, g])]);
  const deviation = graph.node('Add', [graph.node('Sqrt', [newSquare]), small]);
  const change = graph.node('Mul', [graph.node('Div', [newMean, deviation]), rate]);
  return { value: graph.node('Sub', [value, change]), mean: newMean, square: newSquare };
}
