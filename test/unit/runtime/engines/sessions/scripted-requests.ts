/** What the worker of `worker-plan.test.ts` is asked. */
export type ScriptedRequest =
  /** `word` and `ownWord`: shared, not 0 once the worker should stop what all do, and what it does alone. */
  | { readonly kind: 'prepare'; readonly fails: boolean; readonly word: Int32Array; readonly ownWord: Int32Array }
  | { readonly kind: 'load' | 'drop'; readonly place: number }
  | {
      readonly kind: 'evaluate';
      readonly place: number;
      readonly inputs: readonly Uint8Array[];
      readonly isAlone: boolean;
    }
  | { readonly kind: 'clear' };

/** What a run does, by the first byte of the first input. */
export const script = {
  answer: 0,
  /** End the thread. */
  die: 1,
  /** Report half of the progress, then wait to be stopped. */
  wait: 2,
  /** Answer, with one SEAL object more than before. */
  leak: 3,
  fail: 4,
  /** Report half of the progress, and answer at once. */
  tell: 5,
} as const;
