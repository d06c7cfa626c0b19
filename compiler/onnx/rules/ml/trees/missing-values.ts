/**
 * Values that are missing (NaN), which cannot be encrypted. Clients send 0 for them, and beside the features whether each is
 * missing, 1 or 0: a comparison adds a weight times that, which takes it clearly to the side that the model says.
 */
import type { Decision, Ensemble, TreeNode } from './ensemble.ts';

/**
 * Whether the model was made for missing values. Exporters mark all nodes alike where a model has met none: then they are refused,
 * as with any other model.
 */
export function knowsMissing({ nodes }: Ensemble): boolean {
  const marks = new Set(nodes.filter(isDecision).map(({ tracksMissing }) => tracksMissing));
  return marks.size === 2;
}

/** The features that are compared, ascending: those of which clients say whether they are missing. */
export function comparedFeatures({ nodes }: Ensemble): readonly number[] {
  return [...new Set(nodes.filter(isDecision).map(({ feature }) => feature))].sort((a, b) => a - b);
}

/** How far beyond a bound a missing value is put, by feature: what values are spread over, as far as thresholds tell. */
export function distances({ nodes }: Ensemble): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  for (const [feature, own] of Map.groupBy(nodes.filter(isDecision), (node) => node.feature)) {
    const thresholds = own.flatMap(({ values }) => values).filter(Number.isFinite);
    const [least, most] = thresholds.reduce(([lo, hi], t) => [Math.min(lo, t), Math.max(hi, t)], [Infinity, -Infinity]);
    found.set(feature, most > least ? 2 * (most - least) : Math.max(1, Math.abs(least === Infinity ? 0 : least)));
  }
  return found;
}

/** Whether a node compares otherwise than with a threshold. */
export function asksForEquality({ nodes }: Ensemble): boolean {
  return nodes.filter(isDecision).some(({ comparison }) => ['EQ', 'NEQ', 'MEMBER'].includes(comparison));
}

function isDecision(node: TreeNode): node is Decision {
  return node.kind === 'decision';
}
