/** Cases of `ai.onnx.ml`: models of its operators and samples for them. */
import type { ClientSample } from '../../../../../../ir/interface.ts';
import { seededRandom } from '../../../../../../ir/random.ts';
import {
  type AttributeSpec,
  elementType,
  type ModelSpec,
  node,
  type NodeSpec,
} from '../../../../../support/onnx-builder.ts';

export interface MlCase {
  readonly name: string;
  readonly spec: ModelSpec;
  /** Random numbers where they are left out. */
  readonly samples?: readonly ClientSample[];
}

type Parts = Omit<ModelSpec, 'domains' | 'outputs'> & {
  readonly version?: number;
  readonly outputs?: readonly string[];
  readonly samples?: readonly ClientSample[];
};

export const domain = 'ai.onnx.ml';

/** A model with the output `y`, unless it names others, of version 3 of the domain unless told otherwise. */
export function given(name: string, { version = 3, samples, ...parts }: Parts): MlCase {
  const spec = { ...parts, outputs: parts.outputs ?? ['y'], domains: { [domain]: version } };
  return { name, spec, ...(samples && { samples }) };
}

/** A node of the domain. */
export function ml(
  opType: string,
  inputs: string,
  outputs: string,
  attributes: Readonly<Record<string, AttributeSpec>> = {},
): NodeSpec {
  return { ...node(opType, inputs, outputs, attributes), domain };
}

/** Seeded floats in [−1, 1]. */
export function numbers(count: number, seed = 1): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => Math.fround(2 * random.uniform() - 1));
}

export const label = { int: elementType.int64, text: elementType.string } as const;
