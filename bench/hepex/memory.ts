/** The memory that HE-PEx is judged by: encoded bytes of weights that are read, live ciphertexts at their peak, and keys. */
import { profileOf } from '../../costs/profiles.ts';
import type { Compilation } from '../../compiler/network-plans.ts';
import { portRows } from '../../ir/he/ports.ts';
import { ciphertextBytes } from '../../ir/parameters.ts';

export interface Memory {
  /** For the whole batch: a plan that takes several runs reads its weights in each. */
  readonly weightsRead: number;
  /** Live ciphertexts at their peak, and keys. */
  readonly others: number;
}

export function memoryOf({ plan, modules, chosen }: Compilation): Memory {
  const { parameters } = plan.client;
  const { columns } = modules.plan;
  const { plaintexts } = profileOf(plan.engine).memory.use({ columns, parameters });
  const encrypted = portRows(columns, 'weight')
    .map((id) => ciphertextBytes(parameters, columns.level[id] ?? 0, columns.size[id] ?? 0))
    .reduce((sum, bytes) => sum + bytes, 0);
  const { runs, peakBytes } = chosen.measures;
  return { weightsRead: runs * (plaintexts + encrypted), others: peakBytes - plaintexts };
}
