/**
 * The attributes of TreeEnsemble, `ai.onnx.ml` 5: inner nodes and leaves are lists of their own, and what a node points at is
 * an index into one of them.
 */
import type { NodeReader } from '../../../emission/operation.ts';
import { invalid } from '../../../proto/failure.ts';
import type { AnyTerm } from '../../../proto/term.ts';
import type { Comparison, Ensemble, TreeNode } from './ensemble.ts';
import { missingTracks } from './read-nodes.ts';
import { checkTrees } from './tree-structure.ts';

/** By their numbers in `nodes_modes`. */
const comparisons: readonly Comparison[] = ['LEQ', 'LT', 'GTE', 'GT', 'EQ', 'NEQ', 'MEMBER'];

export function readTreeEnsemble(op: NodeReader<AnyTerm>, targets: number): Ensemble {
  const modes = op.tensor('nodes_modes')?.data ?? new Float64Array();
  const count = modes.length;
  const features = list(op, 'nodes_featureids', count);
  const splits = op.anyNumbers('nodes_splits');
  if (splits?.data.length !== count) throw invalid(`${splits?.data.length ?? 0} splits for ${count} nodes`);
  const sets = memberSets(op, modes);
  const tracks = missingTracks(op, count);
  const whenTrue = pointers(op, 'true', count);
  const whenFalse = pointers(op, 'false', count);
  const leaves: TreeNode[] = [];
  // A leaf may stand at the end of several paths: each gets its own.
  const placeOf = (pointer: Pointer | undefined): number => {
    if (pointer === undefined) throw invalid('a node of a tree points nowhere');
    if (!pointer.leaf) return pointer.index;
    leaves.push(leafOf(op, pointer.index, targets));
    return count + leaves.length - 1;
  };
  const nodes = Array.from(modes, (mode, i): TreeNode => {
    const comparison = comparisons[mode];
    if (comparison === undefined) throw invalid(`node ${i} of the trees is of mode ${mode}`);
    const values = comparison === 'MEMBER' ? (sets[i] ?? []) : [splits.data[i] ?? 0];
    if (values.some(Number.isNaN)) throw invalid('a node of a tree compares with NaN');
    const [truth, falsehood] = [placeOf(whenTrue[i]), placeOf(whenFalse[i])];
    return {
      ...{ kind: 'decision', feature: features[i] ?? 0, comparison, values },
      ...{ whenTrue: truth, whenFalse: falsehood, tracksMissing: tracks?.[i] === 1 },
    };
  });
  const roots = op.ints('tree_roots') ?? [];
  // A tree that is a leaf is written as a node both of whose branches are that leaf.
  const all = [...nodes, ...leaves];
  checkTrees(all, roots);
  return { nodes: all, roots, targets, format: splits.type === 'double' ? 'double' : 'float' };
}

interface Pointer {
  readonly leaf: boolean;
  readonly index: number;
}

function pointers(op: NodeReader<AnyTerm>, branch: 'true' | 'false', count: number): readonly Pointer[] {
  const indices = list(op, `nodes_${branch}nodeids`, count);
  const leaf = list(op, `nodes_${branch}leafs`, count);
  return indices.map((index, i) => ({ leaf: leaf[i] === 1, index }));
}

function leafOf(op: NodeReader<AnyTerm>, index: number, targets: number): TreeNode {
  const target = op.ints('leaf_targetids')?.[index];
  const weight = op.tensor('leaf_weights')?.data[index];
  if (target === undefined || weight === undefined) throw invalid(`there is no leaf ${index}`);
  if (target < 0 || target >= targets) throw invalid(`a leaf votes for ${target} of ${targets} targets`);
  return { kind: 'leaf', votes: [{ target, weight }] };
}

/** The members for each node that asks for any: `membership_values` has one set after another, with a NaN between them. */
function memberSets(op: NodeReader<AnyTerm>, modes: ArrayLike<number>): readonly (readonly number[] | undefined)[] {
  const values = op.anyNumbers('membership_values')?.data ?? new Float64Array();
  let at = 0;
  return Array.from(modes, (mode) => {
    if (comparisons[mode] !== 'MEMBER') return undefined;
    if (at >= values.length) throw invalid('membership_values has fewer sets than there are nodes that ask for one');
    const start = at;
    while (at < values.length && !Number.isNaN(values[at])) at++;
    return Array.from(values.subarray(start, at++));
  });
}

function list(op: NodeReader<AnyTerm>, name: string, count: number): readonly number[] {
  const values = op.ints(name) ?? [];
  if (values.length !== count) throw invalid(`${name} has ${values.length} entries, expected ${count}`);
  return values;
}
