/** Files of `hepc run --trace`. */
import { z } from 'zod';
import { notTrace } from '../../ir/diagnostics/cli.ts';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import { programDigest, type RunTrace } from '../../ir/plan/run-trace.ts';
import { fileKinds, readInputFile } from './input-file.ts';

const time = z.number().min(0);
const times = z.array(time).min(1).max(1_000_000);

const traceSchema: z.ZodType<RunTrace> = z.strictObject({
  format: z.literal('hepc-trace'),
  version: z.literal(1),
  madeBy: z.string().max(200),
  program: z.string().regex(/^[0-9a-f]{64}$/),
  engine: z.string().max(100),
  threads: z.int().min(1).max(4096),
  keygenMs: time,
  prepareMs: time,
  encryptMs: times,
  evaluateMs: times,
  decryptMs: times,
  marks: z
    .array(z.tuple([z.number().min(0).max(1), time]))
    .max(10_000)
    .refine(
      (marks) => marks.every(([part, at], k) => part >= (marks[k - 1]?.[0] ?? 0) && at >= (marks[k - 1]?.[1] ?? 0)),
      'marks are not ascending',
    ),
});

export function formatTrace(trace: RunTrace): string {
  return `${JSON.stringify(traceSchema.parse(trace), null, 1)}\n`;
}

/** The trace of a run of `plan`. Throws `HepcError` H744 for anything else, H710 and H711. */
export async function readTrace(path: string, plan: Plan): Promise<RunTrace> {
  const text = new TextDecoder().decode(await readInputFile(path, fileKinds.trace));
  const refuse = (reason: string): HepcError => new HepcError([notTrace({ reason }, { file: path })]);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw refuse('it is not JSON');
  }
  const { data, error } = traceSchema.safeParse(json);
  if (error !== undefined) {
    const [issue] = error.issues;
    throw refuse(`${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? ''}`.replace(/^: /, ''));
  }
  if (data.program !== programDigest(plan.program)) throw refuse('it is of a run of another plan');
  return data;
}
