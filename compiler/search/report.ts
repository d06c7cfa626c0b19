/** What `hepc inspect --search` shows of a search: what was tried, and why the winner won. */
import type { NodeRef } from '../../ir/diagnostics/diagnostic.ts';
import {
  type AlternativeReport,
  type KernelReport,
  type LayerReport,
  maxReportRows,
  type SearchReport,
} from '../../ir/plan/search-report.ts';
import type { TensorModule, TensorNode } from '../../ir/tensor/ops.ts';
import { rotationsOf } from '../kernels/parts/kernel-option.ts';
import { type Alternative, maxStates } from '../layouts/choose-layouts.ts';
import type { NodeChoice } from '../layouts/node-choices.ts';
import { type Goal, unitOfGoal } from './objective.ts';
import type { Found, SearchOutcome } from './search-plans.ts';

/** That the report has at most. */
const alternativesPerLayer = 4;

export function searchReport(
  tensor: TensorModule,
  goal: Goal,
  { configurations, candidates }: SearchOutcome,
  { plan }: Found,
): SearchReport {
  const { aim, search, choice } = plan.proposal;
  const alternatives = search.alternatives(choice);
  return {
    objective: goal.objective,
    unit: unitOfGoal(goal),
    bandwidthMbit: goal.bandwidthMbit,
    limits: goal.limits,
    ...(goal.batch !== undefined && { batch: goal.batch }),
    stateBound: maxStates,
    configurations,
    candidates,
    layerUnit: aim.prices.memoryByte + aim.prices.uploadByte >= 1 ? 'bytes' : 'ms',
    layers: tensor.nodes
      .flatMap((node) => {
        const chosen = choice.nodes.get(node.id);
        const ways = alternatives.get(node.id) ?? [];
        return chosen === undefined ? [] : layerReport(node, chosen, ways);
      })
      .slice(0, maxReportRows),
  };
}

/** Nothing for nodes that cost nothing and that there is one way to compute. */
function layerReport(node: TensorNode, chosen: NodeChoice, ways: readonly Alternative[]): LayerReport[] {
  const described = ways.map((way) => ({ way, kernel: describe(way.choice, way.cost) }));
  const key = keyOf(describe(chosen, 0));
  const own = described.find(({ kernel }) => keyOf(kernel) === key);
  if (own === undefined || (own.way.cost === 0 && ways.length === 1)) return [];
  const others = new Map<string, AlternativeReport>();
  // Exact costs of programs decide, so that the estimate may have another way below the chosen one.
  const least = Math.min(...ways.flatMap(({ total, isBound }) => (isBound ? [] : [total])));
  for (const { way, kernel } of described.toSorted((a, b) => a.way.total - b.way.total)) {
    const other = keyOf(kernel);
    if (other === key || others.has(other)) continue;
    others.set(other, { ...kernel, more: Math.max(0, way.total - least), isBound: way.isBound });
  }
  const alternatives = [...others.values()];
  const layer = {
    name: nameOf(node.origins),
    op: node.op,
    chosen: own.kernel,
    ...moreOf(own.way.total - least),
    weighed: 1 + alternatives.length,
  };
  return [{ ...layer, alternatives: alternatives.slice(0, alternativesPerLayer) }];
}

function moreOf(chosenMore: number): Pick<LayerReport, 'chosenMore'> {
  return chosenMore > 0 ? { chosenMore } : {};
}

function describe({ operands, layout }: NodeChoice, cost: number): KernelReport {
  const kernels = operands.flatMap(({ repack, kernel }) => [repack, kernel].filter((each) => each !== undefined));
  const families = operands.flatMap(({ repack, kernel }) => [
    ...(repack === undefined ? [] : [`repack to ${repack.output.toString()}`]),
    ...(kernel === undefined ? [] : [kernel.kernel.family]),
  ]);
  const from = operands.flatMap(({ pack, kernel, repack }) => repack?.input ?? kernel?.input ?? pack ?? []);
  const sum = (count: (counts: (typeof kernels)[number]['counts']) => number): number =>
    kernels.reduce((total, { counts }) => total + count(counts), 0);
  return {
    kernel: families.length === 0 ? 'slotwise' : families.join(', '),
    from: from.map((each) => each.toString()).join(', '),
    to: layout?.toString() ?? '',
    rotations: sum(rotationsOf),
    products: sum(({ products }) => products),
    cost,
  };
}

function keyOf({ kernel, from, to, rotations, products }: KernelReport): string {
  return [kernel, from, to, rotations, products].join(';');
}

const longestName = 200;

function nameOf(origins: readonly NodeRef[]): string {
  const names = origins.map(({ name, output, opType }) => `${name || output} (${opType})`).join(' + ');
  return names.length > longestName ? `${names.slice(0, longestName - 1)}…` : names;
}
