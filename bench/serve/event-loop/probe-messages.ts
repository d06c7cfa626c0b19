/** What a watched process tells of its event loop. */
import { z } from 'zod';

/** Milliseconds. */
export const loopDelaysSchema = z.strictObject({
  /** By which the loop was late, at worst and in 99 of 100 looks. */
  longest: z.number(),
  p99: z.number(),
  /** The most processor time that its thread has taken between two looks: what it waits for a core is not in it. */
  longestTurn: z.number(),
  /** Of the garbage collector. */
  longestPause: z.number(),
});

export type LoopDelays = z.infer<typeof loopDelaysSchema>;
