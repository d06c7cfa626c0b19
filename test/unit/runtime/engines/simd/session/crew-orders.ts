/** What the workers of `crew.test.ts` are told, as the inputs of an evaluation. */
import type { EvaluateRequest } from '../../../../../../runtime/engines/simd/session/protocol.ts';

export const orders = {
  /** Answer at once. */
  answer: 0,
  /** Answer after a barrier of the team. */
  meet: 1,
  /** Report progress, then answer. */
  progress: 2,
  /** Answer that one has failed; tell nobody else. */
  fail: 3,
  /** End the thread. */
  exit: 4,
  /** Throw. */
  throw: 5,
  /** Throw as V8 does where memory is exhausted. */
  exhaust: 6,
  /** Sleep, whatever the team does. */
  hang: 7,
  /** Answer, and then end the thread. */
  leave: 8,
} as const;
export type Order = keyof typeof orders;

/** @param words of the team, in shared memory */
export function orderRequest(order: Order, member: number, size: number, words: Int32Array): EvaluateRequest {
  const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  return { kind: 'evaluate', inputs: [Uint8Array.of(orders[order], member, size), bytes] };
}
