/** Levels that an `he` program takes, and the ops that take the most. */
import type { NodeRef } from '../../../ir/diagnostics/diagnostic.ts';
import type { HeModule } from '../../../ir/he/module.ts';
import { operandsOf } from '../../../ir/he/operands.ts';
import { levelRead } from '../../../ir/he/traits.ts';

export interface Depth {
  /** For each value the levels between it and the outputs, or what is refreshed before, along the longest way, above those of these. */
  readonly levels: Int32Array;
  readonly depth: number;
  /** The ONNX nodes along a way that takes the most levels, from input to output. */
  readonly path: readonly NodeRef[];
}

/**
 * Counts what lowers the level, in a program that has rescales. A value is refreshed from a level of its own (`levelRead`).
 * @param floor level of the outputs
 */
export function rescaleDepth(module: HeModule, floor = 0): Depth {
  const { columns, origins } = module;
  const { op, origin } = columns;
  const levels = new Int32Array(op.length).fill(floor);
  const next = new Int32Array(op.length).fill(-1);
  for (let id = op.length - 1; id >= 0; id--) {
    const need = levelRead(op[id] ?? -1, levels[id] ?? 0, module.bootstrapping);
    for (const x of operandsOf(columns, id)) {
      if (next[x] !== -1 && need <= (levels[x] ?? 0)) continue;
      levels[x] = need;
      next[x] = id;
    }
  }
  const depth = levels.reduce((most, level) => Math.max(most, level), 0);
  const onPath = new Set<number>();
  for (let id = levels.indexOf(depth); id >= 0; id = next[id] ?? -1) onPath.add(origin[id] ?? 0);
  const path = new Map<string, NodeRef>();
  for (const index of onPath) for (const node of origins[index] ?? []) path.set(`${node.name}\0${node.output}`, node);
  return { levels, depth, path: [...path.values()] };
}
