/** Why no chain does: the deepest path, what on it takes the most levels, and what could be merged. */
import type { EngineCapabilities } from '../../costs/profiles.ts';
import { type DeepPolynomial, noParameters, type SpentLevels } from '../../ir/diagnostics/compile.ts';
import type { Diagnostic, NodeRef } from '../../ir/diagnostics/diagnostic.ts';
import { usersOf } from '../../ir/module.ts';
import { isLinear } from '../../ir/tensor/linear-map.ts';
import type { TensorModule, TensorNode } from '../../ir/tensor/ops.ts';
import { isClientView } from '../layouts/client-views.ts';
import { depthOf, networkDepth } from '../layouts/network-depth.ts';
import { isReshape } from '../../ir/tensor/reshape.ts';
import { polynomialDepth } from '../../ir/tensor/polynomial-evaluation.ts';
import type { Prediction } from '../parameters/simulate.ts';
import { carriesDepth } from '../parameters/chains.ts';

/** Polynomials, and pairs of linear ops, that the message names at most. */
const mostNamed = 3;

/** A path through a network, and the levels along it. */
interface DeepPath {
  readonly depth: number;
  readonly path: readonly NodeRef[];
}

/** What refuses a network that takes more levels than any chain has, however it is packed; undefined where one may do. */
export function tooDeepForAll(
  tensor: TensorModule,
  { maxError, capabilities }: { readonly maxError: number; readonly capabilities: EngineCapabilities },
): Diagnostic | undefined {
  const deepest = networkDepth(tensor);
  if (carriesDepth(capabilities.largestDegree, deepest.depth, capabilities)) return undefined;
  return tooDeep(tensor, deepest, { maxError, best: undefined, capabilities });
}

/** @param deepest of the network, or of the program that was lowered last */
export function tooDeep(
  tensor: TensorModule,
  { depth, path }: DeepPath,
  {
    maxError,
    maxDisagreement,
    best,
    isBootstrapped = false,
    capabilities,
  }: {
    readonly maxError: number;
    readonly maxDisagreement?: number | undefined;
    /** How the program with the least error errs. */
    readonly best: Prediction | undefined;
    /** Whether values are brought back to the top of the chain on the way. */
    readonly isBootstrapped?: boolean;
    readonly capabilities: EngineCapabilities;
  },
): Diagnostic {
  const onPath = new Set(path.map(keyOf));
  const nodes = tensor.nodes.filter(({ origins }) => origins.some((ref) => onPath.has(keyOf(ref))));
  const polynomials = nodes
    .flatMap(polynomialOf)
    .sort((a, b) => b.levels - a.levels || b.degree - a.degree)
    .slice(0, mostNamed);
  return noParameters({
    depth,
    most: longestChain(capabilities),
    degree: capabilities.largestDegree,
    accuracy: best && { allowed: { error: maxError, changed: maxDisagreement ?? 1 }, best },
    isBootstrapped,
    spent: spentLevels(tensor, nodes, depth),
    polynomials,
    mergeable: mergeable(tensor, nodes),
    path: path.map(describeNode),
  });
}

/** Levels of the longest chain that there is. */
function longestChain(capabilities: EngineCapabilities): number {
  let levels = 0;
  while (carriesDepth(capabilities.largestDegree, levels + 1, capabilities)) levels++;
  return levels;
}

function spentLevels(tensor: TensorModule, nodes: readonly TensorNode[], depth: number): SpentLevels {
  const users = usersOf(tensor);
  const levelsOf = (isCounted: (node: TensorNode) => boolean): number =>
    nodes.filter(isCounted).reduce((sum, node) => sum + depthOf(tensor, node, users), 0);
  const polynomials = levelsOf(({ op }) => op === 'polynomial');
  const products = levelsOf(({ op }) => op === 'multiply');
  const linear = levelsOf(isLinear);
  return { polynomials, products, linear, moves: Math.max(0, depth - polynomials - products - linear) };
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
  return last === undefined ? `a ${op}` : describeNode(last);
}

function describeNode({ name, output, opType }: NodeRef): string {
  return `"${name || output}" (${opType})`;
}

function keyOf({ name, output }: NodeRef): string {
  return `${name}\0${output}`;
}
