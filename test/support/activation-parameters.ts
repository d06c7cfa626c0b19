/** Parameters for activations that have any. */
import type { ActivationKind } from '../../ir/interpret/activations.ts';

export const parametersOfKind: Partial<Readonly<Record<ActivationKind, readonly number[]>>> = {
  'leaky-relu': [0.1],
  prelu: [0.2],
  'hard-sigmoid': [0.7, 0.5],
  elu: [1],
  clip: [-0.5, 0.5],
  power: [-0.75],
};
