/** Resources of a service as they travel: checked by both sides, and the source of the OpenAPI document. */
import { z } from 'zod';
import { problemSchema } from './problem.ts';

export const digestSchema = z.string().regex(/^[0-9a-f]{64}$/, 'is no SHA-256 in hexadecimal');

const portSchema = z.object({ name: z.string(), shape: z.array(z.int()) });

export const modelSchema = z.object({
  /** Name of the plan's file, without its ending. */
  id: z.string(),
  /** SHA-256 of the plan's file. */
  digest: digestSchema,
  /** SHA-256 of the client part, its strong ETag. */
  clientDigest: digestSchema,
  /** Samples of one run. */
  batch: z.int().min(1),
  /**
   * Requests of one key that may share a run, where they say at which place of it their samples are; absent where each has a run
   * for itself.
   */
  requestsPerRun: z.int().min(2).exactOptional(),
  inputs: z.array(portSchema),
  outputs: z.array(portSchema),
  /** Sizes of the files. */
  keyBytes: z.int(),
  requestBytes: z.int(),
  responseBytes: z.int(),
  /** Modelled, on one core, of one run. */
  evaluationMs: z.number(),
});
export const modelsSchema = z.object({ models: z.array(modelSchema) });

export const keysSchema = z.object({
  digest: digestSchema,
  keyId: digestSchema,
  /** Ids of the models that they are good for. */
  models: z.array(z.string()),
  bytes: z.int(),
  /** ISO 8601. */
  expires: z.string(),
});
export const keyListSchema = z.object({ keys: z.array(keysSchema) });

/** The metadata of an upload of keys. */
export const uploadMetadataSchema = z.object({ digest: digestSchema, model: z.string().min(1).max(200) });

const jobStateSchema = z.enum(['waiting', 'running', 'done', 'failed', 'cancelled']);

export const jobStatusSchema = z.object({
  id: z.string(),
  model: z.string(),
  state: jobStateSchema,
  samples: z.int(),
  /** 0 to 1. */
  progress: z.number(),
  submitted: z.string(),
  /** When its result goes. */
  expires: z.string(),
  /**
   * Of a job that is done and waits for its client: the round trip, from 0 on. The result is a request, whose answer is posted to
   * `refresh` of the job.
   */
  asks: z.int().min(0).exactOptional(),
  /** Evaluation alone, all parts together. */
  evaluationMs: z.number().optional(),
  problem: problemSchema.optional(),
});

export type Model = z.infer<typeof modelSchema>;
export type Keys = z.infer<typeof keysSchema>;
export type JobStatus = z.infer<typeof jobStatusSchema>;
