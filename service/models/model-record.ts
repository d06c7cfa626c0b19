/** A plan that is served, as fronts tell each other of it. Its bytes are the object of its digest in the bucket `plans`. */
import { z } from 'zod';
import { modelIdPattern } from './model-id.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const bytes = z.int().min(0);

export const modelRecordSchema = z.strictObject({
  id: z.string().regex(modelIdPattern),
  digest,
  /** The object with the client part, and its digest. */
  clientDigest: digest,
  /** The object with the report as a page. */
  report: z.string().exactOptional(),
  /** The public key that its weights are encrypted under: no other client can use it. */
  boundTo: digest.exactOptional(),
  keyBytes: bytes,
  requestBytes: bytes,
  responseBytes: bytes,
  /** Modelled, on one core, of one run. */
  evaluationMs: z.number().min(0),
  /** Requests of one key that may share a run; each has one for itself where it is left out. */
  requestsPerRun: z.int().min(2).exactOptional(),
  /** Of an engine that holds the plan and one key. */
  memoryBytes: bytes,
});

export type ModelRecord = z.infer<typeof modelRecordSchema>;
