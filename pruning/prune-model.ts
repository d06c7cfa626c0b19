/** Pruning a model from beginning to end: from ONNX bytes to an ordinary ONNX file and its plan. */
import { importOnnx, type OnnxSource } from '../compiler/onnx/import.ts';
import { HepcError } from '../ir/diagnostics/diagnostic.ts';
import { tooFewSamples } from '../ir/diagnostics/pruning/pruning-run.ts';
import { parsePolicy } from './policy.ts';
import { checkPruneOptions, type PruneOptions } from './prune-options.ts';
import { type PrunedModel, PruningSession } from './session.ts';

const leastSamples = 20;

/**
 * Prunes a model. Takes minutes; yields between gradient steps. Throws `HepcError` for samples or options that do not
 * fit, a model with nothing to prune, or a budget that nothing keeps.
 */
export async function pruneModel(source: OnnxSource, options: PruneOptions): Promise<PrunedModel> {
  const model = importOnnx(source, { outputs: options.outputs });
  const policy = parsePolicy(options.policy);
  checkPruneOptions(options, policy);
  if (options.samples.length < leastSamples)
    throw new HepcError([tooFewSamples({ count: options.samples.length, least: leastSamples })]);
  const pruning = await PruningSession.begin(model, options);
  return policy.scheme === 'auto' ? pruning.search() : pruning.apply(policy);
}
