/** The steps of a client around what is encrypted, and the border of a model that has them. */
import type { ModelPort, Port } from '../interface.ts';
import { usersOf } from '../module.ts';
import type { ClientModule, ClientNode } from './ops.ts';

/** What a client computes itself; either is absent where there is nothing to do. */
export interface ClientSteps {
  /** From the inputs of the model to the values that are encrypted, by their names. */
  readonly pre?: ClientModule;
  /** From the decrypted values, by their names, to the outputs of the model. */
  readonly post?: ClientModule;
}

/** The inputs of a model whose encrypted ones are `encrypted`. */
export function modelInputs({ pre }: ClientSteps, encrypted: readonly Port[]): readonly ModelPort[] {
  if (pre === undefined) return distinct(encrypted);
  const users = usersOf<ClientNode>(pre);
  return pre.nodes.flatMap((node) => {
    if (node.op !== 'input') return [];
    const allowsMissing = users[node.id]?.some(({ op }) => op !== 'output') === true;
    return [{ ...node.attrs, allowsMissing }];
  });
}

/** The outputs of a model whose decrypted ones are `decrypted`. */
export function modelOutputs({ post }: ClientSteps, decrypted: readonly Port[]): readonly ModelPort[] {
  if (post === undefined) return distinct(decrypted);
  return post.nodes.flatMap((node) => {
    if (node.op !== 'output') return [];
    return [{ ...node.attrs, ...node.type }];
  });
}

/** Each name once: a plan may pack an input in several ways. */
function distinct(ports: readonly Port[]): readonly ModelPort[] {
  return [...new Map(ports.map((port) => [port.name, port])).values()].map(
    ({ name, shape, hasBatchAxis, batchAxis }) => ({
      ...{ name, shape, hasBatchAxis },
      ...(batchAxis !== undefined && { batchAxis }),
    }),
  );
}
