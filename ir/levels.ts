/** The four levels of the IR, and the module of each. */
import type { HeModule } from './he/module.ts';
import type { PlanModule } from './plan/plan.ts';
import type { TensorModule } from './tensor/ops.ts';
import type { TileModule } from './tile/ops.ts';

export interface Modules {
  readonly tensor: TensorModule;
  readonly tile: TileModule;
  readonly he: HeModule;
  readonly plan: PlanModule;
}

export type Level = keyof Modules;
export type AnyModule = Modules[Level];

export const levels = ['tensor', 'tile', 'he', 'plan'] as const satisfies readonly Level[];
