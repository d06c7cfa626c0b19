/** The names of the engines that a caller may ask for. */
import { engineNames } from '../../ir/plan/plan.ts';

/** `auto`: the fastest that runs here. */
export const engineChoices = ['auto', ...engineNames] as const;
export type EngineChoice = (typeof engineChoices)[number];
