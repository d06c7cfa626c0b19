/** Drops elements that no output depends on, and folds those that are constant into the biases that read them. */
import { z } from 'zod';

import { elementCount } from '../../ir/constant.ts';
import type { TensorModule } from '../../ir/tensor/ops.ts';
import { Needs } from './dead-elements/needs.ts';
import { foldOutputGathers } from './dead-elements/output-gathers.ts';
import { shrink } from './dead-elements/shrink.ts';
import { withoutDeadNodes } from './dead-nodes.ts';
import { definePass } from '../base/pass.ts';

export const deadElements = definePass({
  name: 'dead-elements',
  level: 'tensor',
  doc:
    'Drops every element that no output depends on, and every element that is the same whatever the inputs are, both ' +
    'across all layers: a neuron without weights is a constant, which goes into the biases of what reads it, and a neuron ' +
    'that nobody reads takes with it what only it reads. Elements of an input that nobody reads are left out by a gather, ' +
    'which the client does; constant elements of an output become its `constants`, and a gather that only an output ' +
    'reads its `index`. Values that are added or multiplied keep the elements that any of them needs. Operands and ' +
    'results of convolutions lose whole channels only, and a constant channel goes into the bias unless there is ' +
    'padding. Weights that change lose what they had before pruning (`pruned`). Assumes finite constants; results change ' +
    'by rounding only.',
  options: z.strictObject({}),
  requires: ['unrounded'],
  ensures: [],
  statistics: {
    elements: 'elements of values that are no longer computed',
    inputs: 'elements of inputs that the client leaves out everywhere',
    constants: 'elements of outputs that are constants of the client',
  },
  run: (module) => {
    const result = withoutDeadElements(module);
    const statistics = {
      elements: computedElements(module) - computedElements(result),
      inputs: unreadElements(result) - unreadElements(module),
      constants: constantElements(result) - constantElements(module),
    };
    return { module: result, statistics };
  },
});

/** A node that goes may have been what kept others from it: the only other reader of a gather, or a convolution. */
function withoutDeadElements(module: TensorModule): TensorModule {
  let before = module;
  for (;;) {
    const folded = withoutDeadNodes(foldOutputGathers(before));
    const after = withoutDeadNodes(shrink(new Needs(folded)));
    if (outlineOf(after) === outlineOf(before)) return after;
    before = after;
  }
}

/** Nodes and their shapes. Without a change in these there is nothing new to find. */
function outlineOf({ nodes }: TensorModule): string {
  return nodes.map(({ op, operands, type }) => `${op} ${operands.join()} [${type.join()}]`).join();
}

/** Elements of everything but inputs, outputs and what only moves elements. */
function computedElements({ nodes }: TensorModule): number {
  return nodes.reduce(
    (sum, { op, type }) => sum + (['input', 'output', 'gather'].includes(op) ? 0 : elementCount(type)),
    0,
  );
}

function unreadElements({ nodes }: TensorModule): number {
  let unread = 0;
  for (const { id, op, type } of nodes) {
    if (op !== 'input') continue;
    const read = new Uint8Array(elementCount(type));
    for (const user of nodes) {
      if (!user.operands.includes(id)) continue;
      if (user.op !== 'gather' || user.operands.length > 1) read.fill(1);
      else for (const from of user.attrs.index.indices) if (from >= 0) read[from] = 1;
    }
    unread += read.filter((bit) => bit === 0).length;
  }
  return unread;
}

function constantElements({ nodes }: TensorModule): number {
  return nodes.reduce(
    (sum, node) =>
      sum + (node.op === 'output' ? (node.attrs.index?.indices.filter((from) => from < 0).length ?? 0) : 0),
    0,
  );
}
