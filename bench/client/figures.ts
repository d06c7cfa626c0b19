/** What a client process is asked for, and what it prints. */
import { z } from 'zod';
import { parametersSchema } from '../../ir/ckks/parameters-schema.ts';

export const clientSettings = z.strictObject({
  /** Our kernels, or SEAL. */
  by: z.enum(['kernels', 'seal']),
  parameters: parametersSchema,
  rotations: z.int().min(1),
});
export type ClientSettings = z.output<typeof clientSettings>;

export const clientFigures = z.strictObject({
  /** From nothing but the imported modules to the first ciphertext: time that passed, and time of the processor. */
  firstMs: z.number(),
  firstCpuMs: z.number(),
  /** Of keys: time that passed, and time of the processor. */
  keysMs: z.number(),
  keysCpuMs: z.number(),
  keyBytes: z.number(),
});
export type ClientFigures = z.output<typeof clientFigures>;
