/** Random decision trees, as attributes of the operators that know trees. */
import { seededRandom } from '../../../../../../ir/random.ts';
import { type AttributeSpec, doubles, elementType, floats, raw } from '../../../../../support/onnx-builder.ts';

/** All of them. */
export const modes = [
  'BRANCH_LEQ',
  'BRANCH_LT',
  'BRANCH_GTE',
  'BRANCH_GT',
  'BRANCH_EQ',
  'BRANCH_NEQ',
  'BRANCH_MEMBER',
] as const;
export type Mode = (typeof modes)[number];

export type GrownTree =
  | {
      readonly feature: number;
      readonly mode: Mode;
      /** A threshold, or the members of a set. */
      readonly values: readonly number[];
      readonly whenTrue: GrownTree;
      readonly whenFalse: GrownTree;
    }
  | { readonly votes: readonly (readonly [target: number, weight: number])[] };

export interface Growth {
  readonly features: number;
  readonly targets: number;
  readonly depth: number;
  readonly modes: readonly Mode[];
  /** Thresholds are multiples of it, as samples are: many are equal to what they are compared with. */
  readonly step?: number;
  /** Of the weights; default −1. */
  readonly least?: number;
}

type Random = ReturnType<typeof seededRandom>;

/** Trees of different depths, some of which are a leaf. Each leaf votes for one target, or for all of them. */
export function grow(count: number, seed: number, growth: Growth): readonly GrownTree[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => grownFrom(random, growth, growth.depth));
}

function grownFrom(random: Random, growth: Growth, depth: number): GrownTree {
  const { features, targets, step = 0.25, least = -1 } = growth;
  const below = (limit: number): number => Math.min(limit - 1, Math.floor(limit * random.uniform()));
  if (depth === 0 || random.uniform() < 0.1) {
    const weight = (): number => Math.fround(least + (1 - least) * (below(9) / 8));
    return { votes: Array.from({ length: targets }, (_, target) => [target, weight()] as const) };
  }
  const mode = growth.modes[below(growth.modes.length)] ?? 'BRANCH_LEQ';
  const value = (): number => step * (below(17) - 8);
  const values = mode === 'BRANCH_MEMBER' ? [value(), value(), value()] : [value()];
  const [whenTrue, whenFalse] = [grownFrom(random, growth, depth - 1), grownFrom(random, growth, depth - 1)];
  return { feature: below(features), mode, values, whenTrue, whenFalse };
}

/** Samples of multiples of a step. */
export function steppedSamples(count: number, features: number, seed: number, step = 0.25) {
  const random = seededRandom(seed);
  return Array.from(
    { length: count },
    () =>
      new Map([['x', Float64Array.from({ length: features }, () => step * (Math.floor(17 * random.uniform()) - 8))]]),
  );
}

/** Attributes of versions 1 to 3, whose votes begin with `prefix`. */
export function nodeAttributes(
  trees: readonly GrownTree[],
  prefix: 'target' | 'class',
  { tensors = false } = {},
): Record<string, AttributeSpec> {
  const nodes: { tree: number; id: number; mode: string; feature: number; value: number; next: [number, number] }[] =
    [];
  const votes: { tree: number; node: number; target: number; weight: number }[] = [];
  for (const [tree, root] of trees.entries()) {
    let count = 0;
    const write = (grown: GrownTree): number => {
      const id = count++;
      const node = { tree, id, mode: 'LEAF', feature: 0, value: 0, next: [0, 0] as [number, number] };
      nodes.push(node);
      if ('votes' in grown) {
        for (const [target, weight] of grown.votes) votes.push({ tree, node: id, target, weight });
        return id;
      }
      Object.assign(node, { mode: grown.mode, feature: grown.feature, value: grown.values[0] });
      node.next = [write(grown.whenTrue), write(grown.whenFalse)];
      return id;
    };
    write(root);
  }
  const numbers = (name: string, data: readonly number[]): Record<string, AttributeSpec> =>
    tensors ? { [`${name}_as_tensor`]: { tensor: doubles([data.length], data) } } : { [name]: { floats: data } };
  return {
    nodes_treeids: nodes.map(({ tree }) => tree),
    nodes_nodeids: nodes.map(({ id }) => id),
    nodes_modes: { strings: nodes.map(({ mode }) => mode) },
    nodes_featureids: nodes.map(({ feature }) => feature),
    ...numbers(
      'nodes_values',
      nodes.map(({ value }) => value),
    ),
    nodes_truenodeids: nodes.map(({ next }) => next[0]),
    nodes_falsenodeids: nodes.map(({ next }) => next[1]),
    [`${prefix}_treeids`]: votes.map(({ tree }) => tree),
    [`${prefix}_nodeids`]: votes.map(({ node }) => node),
    [`${prefix}_ids`]: votes.map(({ target }) => target),
    ...numbers(
      `${prefix}_weights`,
      votes.map(({ weight }) => weight),
    ),
  };
}

/** Attributes of TreeEnsemble, version 5, with leaves of one vote. */
export function ensembleAttributes(
  trees: readonly GrownTree[],
  { double = false } = {},
): Record<string, AttributeSpec> {
  const nodes: { mode: number; feature: number; values: readonly number[]; next: readonly [Pointer, Pointer] }[] = [];
  const leaves: (readonly [target: number, weight: number])[] = [];
  interface Pointer {
    readonly leaf: boolean;
    readonly index: number;
  }
  const pointerTo = (grown: GrownTree): Pointer => {
    if ('votes' in grown) return { leaf: true, index: leaves.push(grown.votes[0] ?? [0, 0]) - 1 };
    return { leaf: false, index: write(grown) };
  };
  const write = (grown: GrownTree): number => {
    const index = nodes.length;
    // A tree that is a leaf is a node with that leaf on both sides.
    const place = {
      mode: 0,
      feature: 0,
      values: [0] as readonly number[],
      next: [none, none] as readonly [Pointer, Pointer],
    };
    nodes.push(place);
    if ('votes' in grown) {
      const leaf = pointerTo(grown);
      place.next = [leaf, leaf];
    } else {
      Object.assign(place, { mode: modes.indexOf(grown.mode), feature: grown.feature, values: grown.values });
      place.next = [pointerTo(grown.whenTrue), pointerTo(grown.whenFalse)];
    }
    return index;
  };
  const none: Pointer = { leaf: false, index: -1 };
  const roots = trees.map(write);
  const tensor = (data: readonly number[]) => ({ tensor: (double ? doubles : floats)([data.length], data) });
  const members = nodes.flatMap(({ mode, values }) => (mode === 6 ? [...values, NaN] : []));
  return {
    tree_roots: roots,
    nodes_modes: {
      tensor: raw(
        [nodes.length],
        elementType.uint8,
        Uint8Array.from(nodes, ({ mode }) => mode),
      ),
    },
    nodes_featureids: nodes.map(({ feature }) => feature),
    nodes_splits: tensor(nodes.map(({ mode, values }) => (mode === 6 ? 0 : (values[0] ?? 0)))),
    ...(members.length > 0 && { membership_values: tensor(members) }),
    nodes_trueleafs: nodes.map(({ next }) => Number(next[0].leaf)),
    nodes_truenodeids: nodes.map(({ next }) => next[0].index),
    nodes_falseleafs: nodes.map(({ next }) => Number(next[1].leaf)),
    nodes_falsenodeids: nodes.map(({ next }) => next[1].index),
    leaf_targetids: leaves.map(([target]) => target),
    leaf_weights: tensor(leaves.map(([, weight]) => weight)),
  };
}
