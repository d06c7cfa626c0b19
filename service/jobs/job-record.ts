/**
 * A job: a file of encrypted inputs under one key, in parts of some runs each. The record is the truth about it; a job is
 * accepted once its record is there, and over once its state says so. It is changed by compare and set alone, so a part
 * that two workers have done counts once.
 *
 *     waiting ─► running ─► done
 *        └──────────┴─────► failed | cancelled
 */
import { z } from 'zod';
import { problemSchema } from '../../runtime/protocol/problem.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const milliseconds = z.number().min(0);

const jobStates = ['waiting', 'running', 'done', 'failed', 'cancelled'] as const;

export const partSchema = z.strictObject({
  /** Its runs: from the first to before the last. */
  first: z.int().min(0),
  end: z.int().min(1),
  state: z.enum(['waiting', 'running', 'done']),
  attempts: z.int().min(0),
  /** Who does or did it. */
  worker: z.string().optional(),
  /** Of the evaluation alone. */
  milliseconds: milliseconds.optional(),
  /** Why the attempt before this one came to nothing, where its worker could tell. */
  failure: z.string().optional(),
});

export const jobSchema = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9_-]{22}$/),
  tenant: z.string(),
  plan: digest,
  keys: digest,
  samples: z.int().min(1),
  inputBytes: z.int().min(1),
  /** Where its one run may be shared: the place of its first sample, and how many requests may share it at most. */
  shared: z.strictObject({ place: z.int().min(0), most: z.int().min(2) }).exactOptional(),
  /** Of a job whose inputs are the answer to the request of another: that job. */
  resumes: z
    .string()
    .regex(/^[A-Za-z0-9_-]{22}$/)
    .exactOptional(),
  /** Its result is a request to the client for this round trip, and what the evaluation is resumed from is kept beside it. */
  asks: z.int().min(0).exactOptional(),
  state: z.enum(jobStates),
  parts: z.array(partSchema).min(1),
  /** Whether it outlives a loss of power. */
  durable: z.boolean(),
  /** Of the clock of whoever accepted it. */
  submittedAt: milliseconds,
  /** To be refused from then on, where nobody has done it. */
  deadlineAt: milliseconds,
  endedAt: milliseconds.optional(),
  /** When the record and the result go. */
  expiresAt: milliseconds,
  output: z.strictObject({ bytes: z.int().min(1), digest }).optional(),
  /** Why it failed. */
  problem: problemSchema.optional(),
});

/** Whether it has ended, in whichever way. */
export function isOver({ state }: Pick<Job, 'state'>): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled';
}

export type Job = z.infer<typeof jobSchema>;
export type Part = z.infer<typeof partSchema>;
