/** What workers say of themselves in the leases, under `workers.NAME`: gone with them. */
import { z } from 'zod';

export const workerPrefix = 'workers';

export const workerSchema = z.object({
  name: z.string(),
  /** Of the machine and the process, for the operator. */
  host: z.string(),
  pid: z.int(),
  /** Digests of plans in memory, and how many keys of each. */
  plans: z.array(z.object({ digest: z.string(), keys: z.int() })),
  /** Keys that have been loaded since the plans were, and ends of its evaluator by itself. */
  keyLoads: z.int().default(0),
  crashes: z.int().default(0),
  /** Tasks that it does now. */
  tasks: z.int(),
  /** How long a task occupied it, of late; absent before the first. */
  taskSeconds: z.number().optional(),
  draining: z.boolean(),
});
export type WorkerRecord = z.infer<typeof workerSchema>;
