/** What a module has to be like to be trained: one input, and outputs that a loss can compare. */
import { elementCount } from '../ir/constant.ts';
import { type Diagnostic, HepcError, InternalError } from '../ir/diagnostics/diagnostic.ts';
import { labelsOutOfRange, severalInputs } from '../ir/diagnostics/pruning/pruning-run.ts';
import { labelsMissing, targetMismatch } from '../ir/diagnostics/pruning/training.ts';
import type { TensorModule, TensorNodeNamed } from '../ir/tensor/ops.ts';
import type { TrainingData, TrainingLoss } from '../ir/tensor/trainer.ts';
import { outputElements } from './gradients/gradient-graph.ts';

/** The only input. Throws `HepcError` (H370) where there are several. */
export function inputOf(module: TensorModule): TensorNodeNamed<'input'> {
  const inputs = module.nodes.filter((node) => node.op === 'input');
  const [input] = inputs;
  if (input === undefined) throw new InternalError('a module without inputs');
  if (inputs.length > 1) throw new HepcError([severalInputs({ count: inputs.length })]);
  return input;
}

/** What makes `loss` impossible for this module on this data. */
export function lossProblems(module: TensorModule, data: TrainingData, loss: TrainingLoss): readonly Diagnostic[] {
  const outputs = outputElements(module);
  switch (loss.kind) {
    case 'labels': {
      const { labels } = data;
      if (labels === undefined) return [labelsMissing({ count: data.count })];
      const expected = loss.teacher && outputElements(loss.teacher);
      if (expected !== undefined && expected !== outputs)
        return [targetMismatch({ outputs, target: 'the teacher', expected })];
      const sample = labels.findIndex((label) => label < 0 || label >= outputs);
      return sample === -1 ? [] : [labelsOutOfRange({ label: labels[sample] ?? NaN, sample, classes: outputs })];
    }
    case 'reconstruction': {
      const expected = elementCount(inputOf(module).type);
      return outputs === expected ? [] : [targetMismatch({ outputs, target: 'the input', expected })];
    }
    case 'distillation': {
      const expected = outputElements(loss.teacher);
      return outputs === expected ? [] : [targetMismatch({ outputs, target: 'the teacher', expected })];
    }
  }
}
