/** Operations as data, so that teams of workers can do them. */
import type { Operations } from '../../../../../../runtime/engines/simd/operations/operations.ts';

type Methods = { [K in keyof Operations]: Operations[K] };

/** A call of an operation. */
export type Step = { [K in keyof Methods]: readonly [operation: K, ...Parameters<Methods[K]>] }[keyof Methods];

export function runStep(operations: Operations, [operation, ...operands]: Step): void {
  Reflect.apply(operations[operation], operations, operands);
}
