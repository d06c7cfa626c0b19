/**
 * Encrypted weights on their way to the workers: as many as the budget allows stay in memory as saved bytes, the
 * others pass through a ring, see `weight-plan.ts`. One member alone takes them from there, for all members do each step
 * together.
 */
import { HepcError } from '../../../../ir/diagnostics/diagnostic.ts';
import { weightsBeyondBudget } from '../../../../ir/diagnostics/runtime.ts';
import type { Plan } from '../../../../ir/plan/plan.ts';
import { weightRows } from '../../../seal/weight-rows.ts';
import type { WeightSource } from '../../../seal/weight-source.ts';
import { createSharedState, resetSharedState, type SharedState } from '../../exchange/exchange.ts';
import { feedWeights, readWeights } from '../../exchange/weight-feeder.ts';
import { planWeights } from '../../exchange/weight-plan.ts';
import { shareBytes } from '../../threads/shared-memory.ts';
import type { FusedProgram } from './steps.ts';

export interface PreparedWeights {
  /** Saved ciphertexts by row of the `weight` op. */
  readonly inMemory: ReadonlyMap<number, Uint8Array>;
  /** How the others come; transfers go by row. */
  readonly stream: SharedState;
  /** Before a run, while no worker runs. */
  readonly reset: () => void;
  /** Hands over what comes through the ring, once a run; see `feedWeights`. */
  readonly run: () => Promise<void>;
}

/**
 * Reads what stays in memory. Rejects with `HepcError` for weights that are damaged or do not fit.
 * @param source of the plan's encrypted weights
 * @param control a word that is 0 while the workers may run, undefined where they share no memory: then all must stay
 */
export async function prepareWeights(
  plan: Plan,
  source: WeightSource,
  { steps }: FusedProgram,
  budgetBytes: number,
  control: Int32Array | undefined,
): Promise<PreparedWeights> {
  const { columns } = plan.program;
  const bytes = source.sizes.reduce((sum, size) => sum + size, 0);
  if (control === undefined && bytes > budgetBytes)
    throw new HepcError([weightsBeyondBudget({ needed: bytes, limit: budgetBytes })]);
  const indices = new Map(weightRows(columns).map((row, index) => [row, index]));
  const indexOf = (row: number): number => indices.get(row) ?? -1;
  // Rows that no output needs have no step, and would never be taken from the ring.
  const read = steps.flatMap((step) => (step.kind === 'weight' ? [step.row] : []));
  const planned = planWeights({ rows: columns.op.length, weights: read }, indexOf, source.sizes, 1, budgetBytes);
  const rowOf = new Map(Array.from(indices, ([row, index]) => [index, row]));
  const inMemory = new Map<number, Uint8Array>();
  await readWeights(source, planned.resident, (index, bytes) =>
    inMemory.set(rowOf.get(index) ?? -1, shareBytes(bytes)),
  );
  const stream = createSharedState(planned.stream, control);
  return {
    inMemory,
    stream,
    reset: () => {
      resetSharedState(stream);
    },
    run: () => feedWeights(stream, planned.weightOf, source),
  };
}
