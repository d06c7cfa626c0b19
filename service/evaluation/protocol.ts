/** What is asked of the process that evaluates, and what it answers. Both ends are the same version of the same package. */
import type { Diagnostic } from '../../ir/diagnostics/diagnostic.ts';
import type { EvaluationRequest, EvaluationResult, EvaluatorUsage } from './evaluator.ts';

export interface EvaluatorSettings {
  /** For plans and keys. */
  readonly memoryBytes: number;
  /** Workers of the engine. */
  readonly threads: number;
}

/** A request that has an answer, by its number. */
export type Question =
  | ({ readonly kind: 'evaluate' } & Pick<EvaluationRequest, 'plan' | 'keys' | 'inputs' | 'outputs' | 'staged'>)
  | {
      readonly kind: 'check-keys';
      readonly plan: EvaluationRequest['plan'];
      readonly path: string;
      readonly digest: string;
    }
  | { readonly kind: 'forget'; readonly keys: string }
  | { readonly kind: 'usage' };

export type Answer =
  | { readonly kind: 'evaluated'; readonly result: EvaluationResult }
  | { readonly kind: 'checked'; readonly keyId: string }
  | { readonly kind: 'forgotten' }
  | { readonly kind: 'usage'; readonly usage: Omit<EvaluatorUsage, 'crashes'> }
  /** By diagnostics, where they say why. */
  | { readonly kind: 'refused'; readonly diagnostics: readonly Diagnostic[] }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'failed'; readonly text: string };

export type ToEvaluator =
  | { readonly kind: 'begin'; readonly settings: EvaluatorSettings }
  | { readonly kind: 'ask'; readonly id: number; readonly question: Question }
  | { readonly kind: 'abort'; readonly id: number }
  /** Finish what is under way, then end. */
  | { readonly kind: 'close' };

export type FromEvaluator =
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Answer }
  | { readonly kind: 'progress'; readonly id: number; readonly fraction: number }
  /** Plans in memory, and the keys of each. */
  | { readonly kind: 'holds'; readonly plans: readonly { readonly plan: string; readonly keys: readonly string[] }[] };
