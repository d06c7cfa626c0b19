/** How many operations of each kind a program has, by level and by the ONNX nodes that they come from. */
import type { NodeRef } from '../../ir/diagnostics/diagnostic.ts';
import { type HeModule, heOpsOf } from '../../ir/he/module.ts';
import { type HeOpName, heOpNames } from '../../ir/he/ops.ts';

export type OpCounts = Readonly<Partial<Record<HeOpName, number>>>;

export interface LevelCounts {
  readonly level: number;
  readonly counts: OpCounts;
}

export interface NodeCounts {
  /** The ONNX nodes that an operation serves together; empty for the inputs. */
  readonly nodes: readonly NodeRef[];
  readonly counts: OpCounts;
}

/** By the level of the results, the top level first. */
export function countByLevel(program: HeModule): LevelCounts[] {
  const counts = countBy(program, ({ level }) => level);
  return [...counts].sort(([a], [b]) => b - a).map(([level, own]) => ({ level, counts: own }));
}

/** In the order in which the nodes first appear. */
export function countByNode(program: HeModule): NodeCounts[] {
  const keys = program.origins.map((nodes) => JSON.stringify(nodes.map(({ name, output }) => [name, output])));
  const nodesOf = new Map(keys.map((key, i) => [key, program.origins[i] ?? []]));
  const counts = countBy(program, ({ origin }) => keys[origin] ?? '');
  return [...counts].map(([key, own]) => ({ nodes: nodesOf.get(key) ?? [], counts: own }));
}

function countBy<Key>(
  program: HeModule,
  keyOf: (op: { level: number; origin: number }) => Key,
): Map<Key, Partial<Record<HeOpName, number>>> {
  const all = new Map<Key, Partial<Record<HeOpName, number>>>();
  for (const op of heOpsOf(program)) {
    const key = keyOf(op);
    const counts = all.get(key) ?? {};
    counts[op.op] = (counts[op.op] ?? 0) + 1;
    all.set(key, counts);
  }
  return all;
}

/** The kinds of operations that occur, in the order of their codes. */
export function occurringOps(rows: readonly { readonly counts: OpCounts }[]): HeOpName[] {
  return heOpNames.filter((name) => rows.some(({ counts }) => (counts[name] ?? 0) > 0));
}
