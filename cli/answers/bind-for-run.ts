/**
 * Binding for a run whose client and server are one process: in memory where the weights find room there, else in a
 * temporary file, as a model owner and a server would.
 */
import type { Plan } from '../../ir/plan/plan.ts';
import { fileAccess } from '../../runtime/format/file-access.ts';
import { openHep } from '../../runtime/hep/read.ts';
import { writeBoundHep } from '../../runtime/hep/write-bound.ts';
import { bindWeights } from '../../runtime/cipher/bind-weights.ts';
import { weightSizes } from '../../runtime/seal/weight-source.ts';
import { withTemporaryFile } from '../files/output-file.ts';
import type { Progress } from '../shell/progress.ts';

export interface BindForRun {
  /** What ciphertexts may take in memory. */
  readonly memoryBudgetBytes: number;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** Calls `use` with `plan`, bound to `publicKey` if its weights are encrypted. */
export async function withBoundPlan<T>(
  plan: Plan,
  publicKey: Uint8Array,
  { memoryBudgetBytes, signal, progress }: BindForRun,
  use: (plan: Plan) => Promise<T>,
): Promise<T> {
  if (plan.weights === 'plain') return use(plan);
  progress.step('encrypting the weights');
  const total = weightSizes(plan.program).reduce((sum, size) => sum + size, 0);
  if (total <= memoryBudgetBytes) return use({ ...plan, bound: await bindWeights(plan, publicKey) });
  return withTemporaryFile(async (file, path, append) => {
    const onProgress = (done: number): void => {
      progress.fraction(done);
    };
    const { bytes } = await writeBoundHep(plan, publicKey, append, { signal, onProgress });
    return use(await openHep(fileAccess(file, bytes), path));
  });
}
