/**
 * What a model decides for a sample: its labels, which are right or wrong where scores are more or less exact. They are the
 * outputs of its client steps that are no continuous function of what is decrypted; where it has none, the places of the
 * largest scores.
 */
import { continuousOutputs } from '../client/continuous.ts';
import type { ClientModule } from '../client/ops.ts';
import { elementCount } from '../constant.ts';
import type { Port, Sample } from '../interface.ts';
import type { TensorModule } from '../tensor/ops.ts';
import { evaluateClient } from './client.ts';

export type Decision = readonly (number | string)[];

/**
 * Names of the outputs that are scores of classes, by their shape: a list of two numbers or more, and not one for each
 * element of the inputs, which is what is reconstructed.
 */
export function scorePorts(
  inputs: readonly Sized[],
  outputs: readonly (Sized & { readonly name: string })[],
): string[] {
  const given = inputs.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  return outputs.flatMap(({ name, shape }) => {
    const isList = shape.filter((extent) => extent > 1).length === 1;
    return isList && elementCount(shape) !== given ? [name] : [];
  });
}

type Sized = Pick<Port, 'shape'>;

/** Those of a network. */
export function scoreOutputs({ nodes }: TensorModule): string[] {
  return scorePorts(
    nodes.flatMap(({ op, type }) => (op === 'input' ? [{ shape: type }] : [])),
    nodes.flatMap((node) => (node.op === 'output' ? [{ name: node.attrs.name, shape: node.type }] : [])),
  );
}

/** The first index of the largest value. */
export function indexOfLargest(values: Float64Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] ?? 0) > (values[best] ?? 0)) best = i;
  return best;
}

export class Decisions {
  private readonly scores: readonly string[];
  private readonly post: ClientModule | undefined;
  private readonly labels: readonly string[];

  /** @param post what the client computes of the outputs of `network` */
  constructor(network: TensorModule, post?: ClientModule) {
    const continuous = post === undefined ? new Set<string>() : continuousOutputs(post);
    this.post = post;
    this.labels = (post?.nodes ?? []).flatMap((node) =>
      node.op === 'output' && !continuous.has(node.attrs.name) ? [node.attrs.name] : [],
    );
    this.scores = scoreOutputs(network);
  }

  /** Whether the model decides anything. */
  get exist(): boolean {
    return this.labels.length > 0 || this.scores.length > 0;
  }

  /** @param outputs of the network */
  of(outputs: Sample): Decision {
    if (this.post === undefined || this.labels.length === 0)
      return this.scores.map((name) => indexOfLargest(outputs.get(name) ?? new Float64Array()));
    const answer = evaluateClient(this.post, outputs);
    return this.labels.flatMap((name) => [...(answer.get(name) ?? [])]);
  }

  /** Whether both outputs of the network lead to the same. */
  agree(outputs: Sample, others: Sample): boolean {
    const other = this.of(others);
    return this.of(outputs).every((label, i) => label === other[i]);
  }
}
