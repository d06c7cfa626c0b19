/** The engines of commands that are client and server in one: `clear` computes on slots in the clear. */
import { engineChoices } from '../../runtime/base/engine-choices.ts';

export const runEngines = [...engineChoices, 'clear'] as const;
