/** Diagnostics H342 to H349: what pruning passes and policies ask for. */
import { defineDiagnostic } from '../diagnostic.ts';

export const pruningNeedsSamples = defineDiagnostic<{ pass: string; why: string }>({
  code: 'H342',
  severity: 'error',
  title: 'pruning by data without samples',
  explain:
    'What a weight contributes to the outputs, and which weights make up best for those that are gone, depends on the ' +
    'values that the layers see. They are measured on samples of the inputs; labels are not needed.',
  message: ({ pass, why }) => `${pass} needs samples of the inputs: ${why}`,
  notes: () => ['give a few hundred typical samples, with --calibrate or --data'],
});

export const badPolicy = defineDiagnostic<{
  policy: string;
  /** What is wrong at which place of the text. */
  problem: string;
  /** What may stand there. */
  allowed: string;
  suggestion?: string | undefined;
}>({
  code: 'H343',
  severity: 'error',
  title: 'a pruning policy that cannot be read',
  explain:
    'A policy is SCHEME[:scope/criterion/target][:threshold] or `auto`. Schemes are P2, P2T, P3, P3T, P3E, P4 and P4E, ' +
    'scopes Lc (each layer) and Gl (the whole model), criteria L1, L2, Rnd, Dat and Err, targets Wei and Neu. P2T and P3T have ' +
    'the criteria T-Min, T-Max, T-Avg and T-Err, and no target. P4 and P4E take a threshold from 0 to 1: the largest ' +
    'share of non-zeros at which a tile is dropped. Examples: `P4E:Gl/L1/Wei:0.0625`, `P2T:Gl/T-Avg`, `P3E`.',
  message: ({ policy, problem, allowed }) =>
    `the policy ${JSON.stringify(policy)} has ${problem}; expected there: ${allowed}`,
  notes: ({ suggestion }) => [
    ...(suggestion === undefined ? [] : [`did you mean ${suggestion}?`]),
    'a policy looks like P4E:Gl/L1/Wei:0.0625',
  ],
});
