/** What is trained: the weights and the bias of every layer, in single precision, and which weights stay zero. */
import { elementCount } from '../../ir/constant.ts';
import type { ValueId } from '../../ir/op.ts';
import type { TensorModule } from '../../ir/tensor/ops.ts';
import { weightNodes, weightsOf } from '../../ir/tensor/weight-layers.ts';

export interface Parameter {
  /** The layer. */
  readonly node: ValueId;
  readonly part: 'weights' | 'bias';
  /** In graphs, where the moments are called after it. */
  readonly name: string;
  readonly shape: readonly number[];
}

export type ParameterValues = ReadonlyMap<string, Float32Array>;

/** The parameters of `module` that have elements. */
export function parametersOf(module: TensorModule): readonly Parameter[] {
  return weightNodes(module)
    .flatMap((node): Parameter[] => [
      { node: node.id, part: 'weights', name: parameterName(node.id, 'weights'), shape: weightsOf(node).shape },
      { node: node.id, part: 'bias', name: parameterName(node.id, 'bias'), shape: node.attrs.bias.shape },
    ])
    .filter(({ shape }) => elementCount(shape) > 0);
}

export function parameterName(node: ValueId, part: Parameter['part']): string {
  return `%${node}.${part}`;
}

/** What the parameters are in `module`, by name. */
export function parameterValues(module: TensorModule): ParameterValues {
  return new Map(
    weightNodes(module).flatMap((node) => [
      [parameterName(node.id, 'weights'), Float32Array.from(weightsOf(node).values)] as const,
      [parameterName(node.id, 'bias'), Float32Array.from(node.attrs.bias.values)] as const,
    ]),
  );
}

/** 1 where a weight may change, 0 where it is zero; nothing for a parameter that may change everywhere. */
export function maskOf(module: TensorModule, { node, part }: Parameter): Float32Array | undefined {
  if (part === 'bias') return undefined;
  const layer = weightNodes(module).find(({ id }) => id === node);
  if (layer === undefined) return undefined;
  // In double precision: what rounds to zero has not been pruned.
  const mask = Float32Array.from(weightsOf(layer).values, (weight) => (weight === 0 ? 0 : 1));
  return mask.includes(0) ? mask : undefined;
}
