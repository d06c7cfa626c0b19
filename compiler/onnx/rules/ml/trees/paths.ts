/**
 * An ensemble as a sum over paths: what a path adds, times whether the features are in its box. A box has one interval for each
 * feature that is compared on the way, however often, and boxes are as few as keep the sum: leaves that do not differ are
 * one, equal boxes of several trees are one, and one kind of leaf of each tree is not there at all, for the boxes of a tree
 * cover everything, so that what this kind adds is an offset and only the others' differences from it are left.
 */
import type { Decision, Ensemble, Leaf, TreeNode } from './ensemble.ts';
import { branchesOf, everything, intersection, type Interval, type Numbers } from './intervals.ts';

/** What a box holds of a feature. */
export interface Held {
  /** Undefined where it holds no number. */
  readonly interval: Interval | undefined;
  /** Whether it holds the feature where that is missing. */
  readonly missing: boolean;
}

/** By feature; all of those that are not there. */
export type Box = ReadonlyMap<number, Held>;

export interface Path {
  readonly box: Box;
  /** What it adds to each target. */
  readonly weights: Float64Array;
}

export interface PathSum {
  /** With different boxes, none of which is everything; none adds nothing. */
  readonly paths: readonly Path[];
  /** Of each target. */
  readonly offsets: Float64Array;
}

interface PathOptions {
  /** What numbers each feature is of. */
  readonly numbersOf: (feature: number) => Numbers;
  /** Whether features may be missing; no box holds those otherwise. */
  readonly mayMiss: boolean;
  /** Is told what the walk takes, in elements. */
  readonly charge: (elements: number) => void;
}

export function pathsOf(ensemble: Ensemble, options: PathOptions): PathSum {
  const { targets, roots } = ensemble;
  const nodes = withoutNeedlessDecisions(ensemble);
  const offsets = new Float64Array(targets);
  const all = new Map<string, { readonly box: Box; readonly weights: Float64Array }>();
  const add = (sum: Float64Array, weights: Float64Array, sign: 1 | -1): void => {
    for (let t = 0; t < targets; t++) sum[t] = (sum[t] ?? 0) + sign * (weights[t] ?? 0);
  };
  for (const root of roots) {
    const paths = pathsFrom(root, nodes, ensemble, options);
    const common = mostCommon(paths.map(({ weights }) => weights));
    add(offsets, common, 1);
    for (const { box, weights } of paths) {
      const key = keyOf(box);
      const known = all.get(key) ?? { box, weights: new Float64Array(targets) };
      all.set(key, known);
      add(known.weights, weights, 1);
      add(known.weights, common, -1);
    }
  }
  const paths = [...all.values()].filter(({ weights }) => weights.some((w) => w !== 0));
  return { paths, offsets };
}

/** The nodes with a leaf in the place of each decision between leaves that do not differ. */
function withoutNeedlessDecisions({ nodes, roots, targets }: Ensemble): readonly TreeNode[] {
  const own = [...nodes];
  for (const place of childrenFirst(nodes, roots)) {
    const node = own[place];
    if (node?.kind !== 'decision') continue;
    const [left, right] = [own[node.whenTrue], own[node.whenFalse]];
    if (left?.kind === 'leaf' && right?.kind === 'leaf' && sameWeights(left, right, targets)) own[place] = left;
  }
  return own;
}

function childrenFirst(nodes: readonly TreeNode[], roots: readonly number[]): readonly number[] {
  const order: number[] = [];
  const waiting = [...roots];
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    order.push(place);
    const node = nodes[place];
    if (node?.kind === 'decision') waiting.push(node.whenTrue, node.whenFalse);
  }
  return order.reverse();
}

function sameWeights(left: Leaf, right: Leaf, targets: number): boolean {
  const other = weightsOf(right, targets);
  return weightsOf(left, targets).every((w, t) => w === other[t]);
}

function weightsOf({ votes }: Leaf, targets: number): Float64Array {
  const weights = new Float64Array(targets);
  for (const { target, weight } of votes) weights[target] = (weights[target] ?? 0) + weight;
  return weights;
}

/** All paths of one tree that some features take. Boxes are disjoint, and cover everything. */
function pathsFrom(
  root: number,
  nodes: readonly TreeNode[],
  { targets }: Ensemble,
  { numbersOf, mayMiss, charge }: PathOptions,
): readonly Path[] {
  const paths: Path[] = [];
  const waiting: { readonly place: number; readonly box: Box }[] = [{ place: root, box: new Map() }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { place, box } = next;
    const node = nodes[place];
    if (node === undefined) continue;
    charge(1 + box.size + (node.kind === 'leaf' ? targets : 0));
    if (node.kind === 'leaf') {
      paths.push({ box, weights: weightsOf(node, targets) });
      continue;
    }
    for (const branch of branchBoxes(node, box, { numbersOf, mayMiss })) waiting.push(branch);
  }
  return paths;
}

function branchBoxes(decision: Decision, box: Box, { numbersOf, mayMiss }: Pick<PathOptions, 'numbersOf' | 'mayMiss'>) {
  const { feature, comparison, values, ...next } = decision;
  const { whenTrue, whenFalse } = branchesOf(comparison, values, numbersOf(feature));
  const before = box.get(feature) ?? { interval: everything, missing: mayMiss };
  const narrowed = (intervals: readonly Interval[], isTrue: boolean, place: number) => {
    const both = intervals.flatMap((interval) => {
      const common = before.interval && intersection(before.interval, interval);
      return common === undefined ? [] : [common];
    });
    const isMissing = before.missing && decision.tracksMissing === isTrue;
    // What is missing is in one box of several.
    const held = both.map((interval, k): Held => ({ interval, missing: isMissing && k === 0 }));
    const all = held.length === 0 && isMissing ? [{ interval: undefined, missing: true }] : held;
    return all.map((each) => ({ place, box: withHeld(box, feature, each, mayMiss) }));
  };
  return [...narrowed(whenFalse, false, next.whenFalse), ...narrowed(whenTrue, true, next.whenTrue)];
}

function withHeld(box: Box, feature: number, held: Held, mayMiss: boolean): Box {
  const changed = new Map(box);
  const isAll = held.interval?.least === -Infinity && held.interval.most === Infinity && held.missing === mayMiss;
  if (isAll) changed.delete(feature);
  else changed.set(feature, held);
  return changed;
}

/** The weights that most paths have; those of the first among equally many. */
function mostCommon(all: readonly Float64Array[]): Float64Array {
  const counts = new Map<string, { readonly weights: Float64Array; count: number }>();
  for (const weights of all) {
    const key = weights.join();
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { weights, count: 1 });
    else known.count++;
  }
  const [first, ...others] = counts.values();
  if (first === undefined) return new Float64Array();
  return others.reduce((most, each) => (each.count > most.count ? each : most), first).weights;
}

function keyOf(box: Box): string {
  return [...box]
    .sort(([a], [b]) => a - b)
    .map(([feature, { interval, missing }]) => `${feature}:${interval?.least}:${interval?.most}:${missing}`)
    .join();
}
