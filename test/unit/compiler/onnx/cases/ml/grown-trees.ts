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
      /** Whether a missing value counts as true; default false. */
      readonly tracksMissing?: boolean;
    }
  | { readonly votes: readonly (readonly [target: number, weight: number])[] };

export interface Growth {
  readonly features: number;
  readonly targets: number;
  readonly depth: number;
  readonly modes: readonly Mode[];
  /** Thresholds are multiples of it, as samples are: many are equal to what they are compared with. */
  readonly step?: number;
  /** Whether half of the nodes count missing values as true, and samples have some. */
  readonly mayMiss?: boolean;
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
  const { features, targets, step = 0.25, mayMiss = false, least = -1 } = growth;
  const below = (limit: number): number => Math.min(limit - 1, Math.floor(limit * random.uniform()));
  if (depth === 0 || random.uniform() < 0.1) {
    const weight = (): number => Math.fround(least + (1 - least) * (below(9) / 8));
    return { votes: Array.from({ length: targets }, (_, target) => [target, weight()] as const) };
  }
  const mode = growth.modes[below(growth.modes.length)] ?? 'BRANCH_LEQ';
  const value = (): number => step * (below(17) - 8);
  const values = mode === 'BRANCH_MEMBER' ? [value(), value(), value()] : [value()];
  const [whenTrue, whenFalse] = [grownFrom(random, growth, depth - 1), grownFrom(random, growth, depth - 1)];
  const tracksMissing = mayMiss && random.uniform() < 0.5;
  return { feature: below(features), mode, values, whenTrue, whenFalse, tracksMissing };
}

/** Samples of multiples of a step, some of which are missing where they may. */
export function steppedSamples(count: number, features: number, seed: number, step = 0.25, mayMiss = false) {
  const random = seededRandom(seed);
  const entry = (): number => {
    const value = step * (Math.floor(17 * random.uniform()) - 8);
    return mayMiss && random.uniform() < 0.3 ? NaN : value;
  };
  return Array.from({ length: count }, () => new Map([['x', Float64Array.from({ length: features }, entry)]]));
}

/** Attributes of versions 1 to 3, whose votes begin with `prefix`. */
export function nodeAttributes(
  trees: readonly GrownTree[],
  prefix: 'target' | 'class',
  { tensors = false } = {},
): Record<string, AttributeSpec> {
  interface Node {
    readonly tree: number;
    readonly id: number;
    mode: string;
    feature: number;
    value: number;
    tracks: number;
    next: [number, number];
  }
  const nodes: Node[] = [];
  const votes: { tree: number; node: number; target: number; weight: number }[] = [];
  for (const [tree, root] of trees.entries()) {
    let count = 0;
    const write = (grown: GrownTree): number => {
      const id = count++;
      const node: Node = { tree, id, mode: 'LEAF', feature: 0, value: 0, tracks: 0, next: [0, 0] };
      nodes.push(node);
      if ('votes' in grown) {
        for (const [target, weight] of grown.votes) votes.push({ tree, node: id, target, weight });
        return id;
      }
      const { mode, feature, values, tracksMissing = false } = grown;
      Object.assign(node, { mode, feature, value: values[0], tracks: tracksMissing ? 1 : 0 });
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
    nodes_missing_value_tracks_true: nodes.map(({ tracks }) => tracks),
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
  interface Node {
    readonly mode: number;
    readonly feature: number;
    readonly values: readonly number[];
    readonly tracks: number;
    readonly next: readonly [Pointer, Pointer];
  }
  const nodes: Node[] = [];
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
      tracks: 0,
      next: [none, none] as readonly [Pointer, Pointer],
    };
    nodes.push(place);
    if ('votes' in grown) {
      const leaf = pointerTo(grown);
      place.next = [leaf, leaf];
    } else {
      const { mode, feature, values, tracksMissing = false } = grown;
      Object.assign(place, { mode: modes.indexOf(mode), feature, values, tracks: tracksMissing ? 1 : 0 });
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
    nodes_missing_value_tracks_true: nodes.map(({ tracks }) => tracks),
    nodes_trueleafs: nodes.map(({ next }) => Number(next[0].leaf)),
    nodes_truenodeids: nodes.map(({ next }) => next[0].index),
    nodes_falseleafs: nodes.map(({ next }) => Number(next[1].leaf)),
    nodes_falsenodeids: nodes.map(({ next }) => next[1].index),
    leaf_targetids: leaves.map(([target]) => target),
    leaf_weights: tensor(leaves.map(([, weight]) => weight)),
  };
}
