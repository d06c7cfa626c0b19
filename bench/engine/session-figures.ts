/** What `session-process.ts` takes and prints. */
import { z } from 'zod';

export const sessionSettings = z.strictObject({
  engine: z.enum(['simd', 'seal-wasm']),
  threads: z.int().positive(),
  runs: z.int().positive(),
});
export type SessionSettings = z.output<typeof sessionSettings>;

export const sessionFigures = z.object({
  /** From the plan and the keys in memory to the first evaluation: workers, kernels, keys, weights. */
  readyMs: z.number(),
  evaluateMs: z.array(z.number()),
  /** Resident, above what was in use before. */
  peakBytes: z.number(),
});
export type SessionFigures = z.output<typeof sessionFigures>;
