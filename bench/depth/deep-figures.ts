/** What `run-deep.ts` takes and prints. */
import { z } from 'zod';

export const deepInputs = z.strictObject({
  /** Values of the only input of each sample. */
  samples: z.array(z.array(z.number())).min(1),
});
export type DeepInputs = z.output<typeof deepInputs>;

export const deepFigures = z.object({
  keygenMs: z.number(),
  /** The file of evaluation keys. */
  evaluationKeyBytes: z.number(),
  /** Of a sample: slots to ciphertexts, and back. */
  encryptMs: z.number(),
  decryptMs: z.number(),
  /** Encrypted inputs and outputs of a sample. */
  uploadBytes: z.number(),
  downloadBytes: z.number(),
  /** Weights encoded, keys loaded. */
  readyMs: z.number(),
  /** Of each sample, on one thread. */
  evaluateMs: z.array(z.number()),
  /** As time of a core, with what stands about it. */
  evaluateCpuMs: z.array(z.number()),
  /** Of each sample, what passes with what stands about evaluation: ciphertexts read and written, and masks where the client refreshes. */
  serverMs: z.array(z.number()),
  /** Of each sample, what the client takes in all round trips; no time where it does not refresh. */
  refreshMs: z.array(z.number()),
  /** Of a sample, what the client is asked and what it answers in all round trips. */
  requestBytes: z.number(),
  answerBytes: z.number(),
  /** Of the process, which is client and server, and holds the file of keys beside the engine's. */
  peakRssBytes: z.number(),
  /** Values of the only output of each sample. */
  outputs: z.array(z.array(z.number())),
});
export type DeepFigures = z.output<typeof deepFigures>;
