/** Why no chain does: the deepest path, what on it takes the most levels, and what could be merged. */
import type { EngineCapabilities } from '../../costs/profiles.ts';
import { type DeepPolynomial, noParameters } from '../../ir/diagnostics/compile.ts';
import type { Diagnostic, NodeRef } from '../../ir/diagnostics/diagnostic.ts';
import { isLinear } from '../../ir/tensor/linear-map.ts';
import type { TensorModule, TensorNode } from '../../ir/tensor/ops.ts';
import { isClientView } from '../layouts/client-views.ts';
import { networkDepth } from '../layouts/network-depth.ts';
import { isReshape } from '../../ir/tensor/reshape.ts';
import { polynomialDepth } from '../../ir/tensor/polynomial-evaluation.ts';
import { carriesDepth } from '../parameters/chains.ts';
import type { SearchOutcome } from './search-plans.ts';

/** Polynomials, and pairs of linear ops, that the message names at most. */
const mostNamed = 3;

export function tooDeep(
  tensor: TensorModule,
  { deepest }: Pick<SearchOutcome, 'deepest'>,
  {
    maxError,
    best,
    capabilities,
  }: {
    readonly maxError: number;
    readonly best: number | undefined;
    readonly capabilities: EngineCapabilities;
  },
): Diagnostic {
  const { depth, path } = deepest ?? networkDepth(tensor);
  const onPath = new Set(path.map(keyOf));
  const nodes = tensor.nodes.filter(({ origins }) => origins.some((ref) => onPath.has(keyOf(ref))));
  const polynomials = nodes
    .flatMap(polynomialOf)
    .sort((a, b) => b.levels - a.levels || b.degree - a.degree)
    .slice(0, mostNamed);
  const facts = {
    depth,
    most: longestChain(capabilities),
    degree: capabilities.largestDegree,
    maxError,
    best,
    polynomials,
    mergeable: mergeable(tensor, nodes),
  };
  return noParameters(facts, { nodes: path });
}

/** Levels of the longest chain that there is. */
function longestChain(capabilities: EngineCapabilities): number {
  let levels = 0;
  while (carriesDepth(capabilities.largestDegree, levels + 1, capabilities)) levels++;
  return levels;
}

function polynomialOf(node: TensorNode): DeepPolynomial[] {
  if (node.op !== 'polynomial') return [];
  const { coefficients, basis } = node.attrs;
  const degree = (coefficients.shape[1] ?? 1) - 1;
  return [{ name: nameOf(node), degree, levels: polynomialDepth(coefficients, basis) }];
}

/** Linear ops that read a linear op: they were not merged because something else reads the first one, too. */
function mergeable(tensor: TensorModule, nodes: readonly TensorNode[]): string[] {
  const takesLevel = (node: TensorNode): boolean =>
    isLinear(node) && !isReshape(tensor, node) && !isClientView(tensor, node);
  return nodes
    .filter(takesLevel)
    .flatMap((node) =>
      nodes
        .filter((before) => node.operands.includes(before.id) && takesLevel(before))
        .map((before) => `${nameOf(before)} and ${nameOf(node)}`),
    )
    .slice(0, mostNamed);
}

function nameOf({ origins, op }: TensorNode): string {
  const last = origins.at(-1);
  return last === undefined ? `a ${op}` : `"${last.name || last.output}" (${last.opType})`;
}

function keyOf({ name, output }: NodeRef): string {
  return `${name}\0${output}`;
}
