/** Problem documents (RFC 9457), which carry the code and remedy of a diagnostic. */
import { z } from 'zod';

export const problemType = 'application/problem+json';

export const problemSchema = z.object({
  /** `urn:hepc:H610`, by which `hepc explain H610` tells more. */
  type: z.string(),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: z.string(),
  code: z.string().regex(/^H\d{3}$/),
  /** What to do about it. */
  notes: z.array(z.string()).default([]),
});

export type Problem = z.infer<typeof problemSchema>;
