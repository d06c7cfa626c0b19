/** BatchNormalization as inference has it: one factor and one offset per channel. */
import { expandedData } from '../emission/broadcast.ts';
import { invalid, refused } from '../proto/failure.ts';
import type { Rule } from '../emission/operation.ts';
import { constant, isBatched } from '../proto/term.ts';

export const batchNormalization: Rule = (op) => {
  const x = op.input(0);
  if (op.int('training_mode', 0) !== 0 || op.int('spatial', 1) !== 1) {
    throw refused('the node is in training mode, or not spatial', 'Export the model in evaluation mode: model.eval().');
  }
  const [scale, bias, mean, variance] = ['scale', 'bias', 'mean', 'variance'].map(
    (what, i) => op.constant(i + 1, `the ${what}`).data,
  );
  const axis = isBatched(x) ? 0 : 1;
  const channels = x.shape[axis] ?? 1;
  if ([scale, bias, mean, variance].some((values) => values?.length !== channels)) {
    throw invalid(`scale, bias, mean and variance must have ${channels} entries`);
  }
  const epsilon = op.float('epsilon', 1e-5);
  const factors = Float64Array.from(
    { length: channels },
    (_, c) => (scale?.[c] ?? 0) / Math.sqrt((variance?.[c] ?? 0) + epsilon),
  );
  const offsets = factors.map((factor, c) => (bias?.[c] ?? 0) - factor * (mean?.[c] ?? 0));
  const perChannel = [channels, ...x.shape.slice(axis + 1).map(() => 1)];
  const spread = (values: Float64Array) => expandedData(op.emit, constant(perChannel, values), x.shape);
  return [op.emit.scaleShift(x, spread(factors), spread(offsets))];
};
