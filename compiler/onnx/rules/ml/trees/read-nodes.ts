/**
 * The attributes of TreeEnsembleRegressor and TreeEnsembleClassifier, `ai.onnx.ml` 1 to 3: a list of nodes, each with the tree
 * that it is in and its number in that, and a list of votes of leaves. Floats may be given as tensors of doubles.
 */
import type { NodeReader } from '../../../emission/operation.ts';
import { invalid, refused } from '../../../proto/failure.ts';
import type { AnyTerm } from '../../../proto/term.ts';
import type { Comparison, Ensemble, TreeNode, Vote } from './ensemble.ts';
import { checkTrees } from './tree-structure.ts';

type Reader = NodeReader<AnyTerm>;

const comparisons: ReadonlyMap<string, Comparison> = new Map([
  ['BRANCH_LEQ', 'LEQ'],
  ['BRANCH_LT', 'LT'],
  ['BRANCH_GTE', 'GTE'],
  ['BRANCH_GT', 'GT'],
  ['BRANCH_EQ', 'EQ'],
  ['BRANCH_NEQ', 'NEQ'],
]);

/** `prefix` is that of the votes: `target` of regressors, `class` of classifiers. */
export function readEnsemble(op: Reader, prefix: 'target' | 'class', targets: number): Ensemble {
  const modes = op.strings('nodes_modes') ?? [];
  const count = modes.length;
  const list = (name: string): readonly number[] => ofLength(op.ints(name) ?? [], count, name);
  const [trees, ids, features] = [list('nodes_treeids'), list('nodes_nodeids'), list('nodes_featureids')];
  const [truths, falsehoods] = [list('nodes_truenodeids'), list('nodes_falsenodeids')];
  const { values, format } = thresholdsOf(op, count);
  const tracks = missingTracks(op, count);
  const places = new Map(ids.map((id, i) => [keyOf(trees[i], id), i] as const));
  if (places.size !== count) throw invalid('a node of a tree is there twice');
  const placeOf = (tree: number | undefined, id: number | undefined): number => {
    const place = places.get(keyOf(tree, id));
    if (place === undefined) throw invalid(`tree ${tree} has no node ${id}`);
    return place;
  };
  const votes = votesOf(op, prefix, { targets, count, placeOf });
  const pointedAt = new Set<number>();
  const nodes = modes.map((mode, i): TreeNode => {
    if (mode === 'LEAF') return { kind: 'leaf', votes: votes[i] ?? [] };
    const comparison = comparisons.get(mode);
    if (comparison === undefined)
      throw refused(`a node of a tree is "${mode}"`, 'Branches are BRANCH_LEQ and its like.');
    const [whenTrue, whenFalse] = [placeOf(trees[i], truths[i]), placeOf(trees[i], falsehoods[i])];
    pointedAt.add(whenTrue).add(whenFalse);
    const [feature = 0, threshold = 0] = [features[i], values[i]];
    if (Number.isNaN(threshold)) throw invalid('a node of a tree compares with NaN');
    const tracksMissing = tracks?.[i] === 1;
    return { kind: 'decision', feature, comparison, values: [threshold], whenTrue, whenFalse, tracksMissing };
  });
  const roots = rootsOf(trees, pointedAt);
  checkTrees(nodes, roots);
  return { nodes, roots, targets, format };
}

/** For each node 1 where a missing value counts as true; undefined where it never does. */
export function missingTracks(op: Reader, count: number): readonly number[] | undefined {
  const name = 'nodes_missing_value_tracks_true';
  const tracks = op.ints(name);
  return tracks === undefined || tracks.length === 0 ? undefined : ofLength(tracks, count, name);
}

/** Numbers of an attribute, or of the tensor that may stand for it; those of a threshold may be infinite. */
export function floatsOrTensor(op: Reader, name: string): ArrayLike<number> | undefined {
  return op.floats(name) ?? op.anyNumbers(`${name}_as_tensor`)?.data;
}

function thresholdsOf(op: Reader, count: number) {
  const values = ofLength(floatsOrTensor(op, 'nodes_values') ?? [], count, 'nodes_values');
  return { values, format: op.has('nodes_values_as_tensor') ? 'double' : 'float' } as const;
}

interface Places {
  readonly targets: number;
  readonly count: number;
  readonly placeOf: (tree: number | undefined, id: number | undefined) => number;
}

function votesOf(op: Reader, prefix: 'target' | 'class', { targets, count, placeOf }: Places): readonly Vote[][] {
  const ids = op.ints(`${prefix}_ids`) ?? [];
  const trees = ofLength(op.ints(`${prefix}_treeids`) ?? [], ids.length, `${prefix}_treeids`);
  const nodes = ofLength(op.ints(`${prefix}_nodeids`) ?? [], ids.length, `${prefix}_nodeids`);
  const weights = ofLength(floatsOrTensor(op, `${prefix}_weights`) ?? [], ids.length, `${prefix}_weights`);
  const votes = Array.from({ length: count }, (): Vote[] => []);
  for (const [k, target] of ids.entries()) {
    if (target < 0 || target >= targets) throw invalid(`a leaf votes for ${target} of ${targets} targets`);
    votes[placeOf(trees[k], nodes[k])]?.push({ target, weight: weights[k] ?? 0 });
  }
  return votes;
}

/** The node of each tree that none points at. */
function rootsOf(trees: readonly number[], pointedAt: ReadonlySet<number>): readonly number[] {
  const roots = new Map<number, number>();
  for (const [place, tree] of trees.entries()) {
    if (pointedAt.has(place)) continue;
    if (roots.has(tree)) throw invalid(`tree ${tree} has several roots`);
    roots.set(tree, place);
  }
  const rootless = trees.find((tree) => !roots.has(tree));
  if (rootless !== undefined) throw invalid(`tree ${rootless} has no root`);
  return [...roots.values()];
}

function ofLength<T extends ArrayLike<number>>(list: T, count: number, name: string): T {
  if (list.length !== count) throw invalid(`${name} has ${list.length} entries, expected ${count}`);
  return list;
}

function keyOf(tree: number | undefined, node: number | undefined): string {
  return `${tree} ${node}`;
}
