/** Losses from outputs, in double precision. */
import type { Evaluation } from '../ir/tensor/trainer.ts';

/** Mean over all elements of the squared difference. */
export function meanSquareError(outputs: Float32Array, target: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < outputs.length; i++) sum += ((outputs[i] ?? 0) - (target[i] ?? 0)) ** 2;
  return sum / outputs.length;
}

/** Of outputs [labels, classes]: the mean cross-entropy of their softmax, and how often the largest is at the label. */
export function classification(
  outputs: Float32Array,
  labels: Int32Array,
): Required<Pick<Evaluation, 'accuracy' | 'crossEntropy'>> {
  const classes = outputs.length / labels.length;
  let right = 0;
  let entropy = 0;
  for (const [sample, label] of labels.entries()) {
    const scores = outputs.subarray(sample * classes, (sample + 1) * classes);
    const largest = scores.reduce((most, score) => Math.max(most, score), -Infinity);
    const sum = scores.reduce((total, score) => total + Math.exp(score - largest), 0);
    entropy += largest + Math.log(sum) - (scores[label] ?? 0);
    if (scores.indexOf(largest) === label) right += 1;
  }
  return { accuracy: right / labels.length, crossEntropy: entropy / labels.length };
}
