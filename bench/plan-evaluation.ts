/** What `evaluate-plan.ts` takes and prints. */
import { z } from 'zod';

export const evaluationSettings = z.strictObject({
  /** Numbers of threads, measured in this order. */
  threads: z.array(z.int().positive()),
  /** So many samples are run at most, a tenth of them on further numbers of threads. */
  images: z.int().positive(),
  /**
   * For each number of threads, as many samples as fit. A plan that takes longer than this to prepare is run on the
   * first number alone.
   */
  seconds: z.number().positive(),
});
export type EvaluationSettings = z.output<typeof evaluationSettings>;

const milliseconds = z.array(z.number());

const evaluationRun = z.object({
  threads: z.number(),
  /** Loading of plan and keys, encoding of weights. */
  prepareMs: z.number(),
  /** Of each sample. */
  encryptMs: milliseconds,
  evaluateMs: milliseconds,
  decryptMs: milliseconds,
  /** The file of input ciphertexts of one sample. */
  uploadBytes: z.number(),
  /** Of the process so far, which is client and server. */
  peakRssBytes: z.number(),
  /** Of reference rotations before and after. */
  rotationMs: milliseconds,
  /** Of each sample. */
  outputs: z.array(z.record(z.string(), z.array(z.number()))),
});
export type EvaluationRun = z.output<typeof evaluationRun>;

export const planEvaluation = z.object({
  keygenMs: z.number(),
  /** The file of evaluation keys. */
  evaluationKeyBytes: z.number(),
  runs: z.array(evaluationRun),
});
export type PlanEvaluation = z.output<typeof planEvaluation>;
