/** What the workers of `crew.test.ts` are told. */
export type Order =
  /** Answer at once. */
  | 'answer'
  /** Answer after a barrier of the team. */
  | 'meet'
  /** Report progress, then answer. */
  | 'progress'
  /** Answer that one has failed; tell nobody else. */
  | 'fail'
  /** End the thread. */
  | 'exit'
  /** Throw. */
  | 'throw'
  /** Throw as V8 does where memory is exhausted. */
  | 'exhaust'
  /** Sleep, whatever the team does. */
  | 'hang'
  /** Answer, and then end the thread. */
  | 'leave';

export interface OrderRequest {
  readonly order: Order;
  readonly member: number;
  readonly size: number;
  /** Of the team, in shared memory. */
  readonly words: Int32Array;
}
