/** Evaluation keys that a tenant has uploaded. The bytes are an object under their digest, which tenants may share. */
import { z } from 'zod';

const digest = z.string().regex(/^[0-9a-f]{64}$/);

export const keyRecordSchema = z.strictObject({
  tenant: z.string(),
  /** SHA-256 of the file. */
  digest,
  /** SHA-256 of the public key that they belong to. */
  keyId: digest,
  /** Plans of the service that they fit, by digest; checked by each worker again. */
  plans: z.array(digest),
  bytes: z.int().min(1),
  storedAt: z.number(),
  usedAt: z.number(),
  /** When they go, unless they are used before. */
  expiresAt: z.number(),
});

export type KeyRecord = z.infer<typeof keyRecordSchema>;
