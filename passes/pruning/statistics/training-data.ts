/** Samples of passes as training sees them: one block of floats. */
import { elementCount } from '../../../ir/constant.ts';
import { type Diagnostic } from '../../../ir/diagnostics/diagnostic.ts';
import { severalInputs } from '../../../ir/diagnostics/pruning/pruning-run.ts';
import { pruningNeedsSamples } from '../../../ir/diagnostics/pruning/pruning.ts';
import type { TensorModule } from '../../../ir/tensor/ops.ts';
import type { TrainingData } from '../../../ir/tensor/trainer.ts';
import type { PassContext } from '../../base/pass.ts';

/** The samples and labels of a pass, or why it cannot train on them (H342, H370). */
export function trainingDataOf(
  pass: string,
  module: TensorModule,
  { samples, labels }: Pick<PassContext, 'samples' | 'labels'>,
): TrainingData | Diagnostic {
  const [input, ...others] = module.nodes.filter((node) => node.op === 'input');
  if (input === undefined || others.length > 0)
    return severalInputs({ count: others.length + Number(input !== undefined) });
  if (samples.length === 0) return pruningNeedsSamples({ pass, why: 'weights are trained on them' });
  const size = elementCount(input.type);
  const inputs = new Float32Array(samples.length * size);
  for (const [i, sample] of samples.entries()) inputs.set(sample.get(input.attrs.name) ?? [], i * size);
  return { inputs, count: samples.length, ...(labels !== undefined && { labels }) };
}
