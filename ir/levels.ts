/** The four levels of the IR, and the module of each. */
import type { HeModule } from './he/module.ts';
import type { ScheduleColumns } from './plan/plan.ts';
import type { TensorModule } from './tensor/ops.ts';
import type { TileModule } from './tile/ops.ts';

/** An `he` program with its schedule: what the `plan` level prints. */
export interface PlanModule extends Omit<HeModule, 'level'> {
  readonly level: 'plan';
  readonly schedule: ScheduleColumns;
}

export interface Modules {
  readonly tensor: TensorModule;
  readonly tile: TileModule;
  readonly he: HeModule;
  readonly plan: PlanModule;
}

export type Level = keyof Modules;
export type AnyModule = Modules[Level];

export const levels = ['tensor', 'tile', 'he', 'plan'] as const satisfies readonly Level[];
