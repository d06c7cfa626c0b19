/** Options that several commands have. */
import { byteSize, choice, flag, maxThreads, samplesHelp, text, wholeNumber } from '../../parsing/option-values.ts';
import { option } from '../../parsing/command.ts';
import { engineChoices } from '../../../runtime/base/engine-choices.ts';
import { runEngines } from '../../answers/run-engines.ts';

export const planArgument = option(text, { doc: 'a plan', argument: true, value: 'PLAN.hep' });
export const clientPlanArgument = option(text, {
  doc: 'a plan, or its client part alone',
  argument: true,
  value: 'PLAN',
});
export const input = option(text, { doc: samplesHelp, value: 'X.npz' });
export const labels = option(text.optional(), {
  doc: 'labels of the samples, where --input has no y: one for each',
  value: 'Y',
});
const engineDoc = 'auto is simd, or seal-wasm where that cannot run';
export const engine = option(choice(runEngines).default('auto'), {
  doc: `${engineDoc}; clear computes the same in the clear`,
  value: 'ENGINE',
});
export const serverEngine = option(choice(engineChoices).default('auto'), { doc: engineDoc, value: 'ENGINE' });
export const threads = option(wholeNumber(1, maxThreads).default(1), { doc: 'workers that share a run', value: 'T' });
export const weightMemory = option(byteSize().optional(), {
  doc: 'most memory for weights, 1.5GiB if not given, and no more than 4GiB with keys; others are encoded, or read from the plan, at each use',
  value: 'SIZE',
});
export const limit = option(wholeNumber(1, Number.MAX_SAFE_INTEGER).optional(), {
  doc: 'only the first K samples',
  value: 'K',
});
export const answersHelp =
  'the answers, in the types of the model, as the ending of the name says: .npy, .npz, .json, or .csv';
export const raw = option(flag, { doc: 'the values that were encrypted, in place of the outputs of the model' });
export const json = option(flag, { doc: 'print JSON' });
export const quiet = option(flag, { doc: 'no progress', short: 'q' });
