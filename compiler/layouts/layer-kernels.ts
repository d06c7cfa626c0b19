/**
 * The kernels of chosen layouts, with what their operations cost, for the passes that prune by them. Levels and prices
 * are those of the layout search.
 */
import { likelyChain } from '../../costs/likely-chain.ts';
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { type CostedOp, opCost } from '../../costs/op-costs.ts';
import { defaultProfile, type EngineProfile } from '../../costs/profiles.ts';
import { expanded } from '../../ir/tensor/csr.ts';
import { usersOf } from '../../ir/module.ts';
import type { PolyModulusDegree } from '../../ir/parameters.ts';
import type { TensorModule } from '../../ir/tensor/ops.ts';
import { type WeightNode, weightNodes } from '../../ir/tensor/weight-layers.ts';
import type { LayerKernel, LayerPrices, NetworkKernels } from '../../passes/pruning/tiles/kernels.ts';
import type { KernelOption } from '../kernels/parts/kernel-option.ts';
import type { LayoutChoice } from './choose-layouts.ts';
import { costModel, latencyPrices } from './cost.ts';
import { KernelCatalogue } from './kernel-catalogue.ts';
import { depthOf, levelsOf } from './network-depth.ts';
import { NodeChooser, type OperandChoice } from './node-choices.ts';

export interface KernelCosts {
  readonly degree: PolyModulusDegree;
  readonly weights: 'plain' | 'encrypted';
  /** Of the engine that the plan will be for. */
  readonly profile?: EngineProfile;
}

/** The kernels of all nodes with weights in `choice`, which was made for `module`. */
export function layerKernels(module: TensorModule, choice: LayoutChoice, costs: KernelCosts): NetworkKernels {
  const { degree, weights, profile = defaultProfile } = costs;
  const levels = levelsOf(module);
  const users = usersOf(module);
  const encodes = costs.weights === 'plain' ? shareEncodedAgain(choice, levels, degree, profile) : 0;
  const primes = Math.max(0, ...levels) + 1;
  const parameters = likelyChain(degree, primes, profile.capabilities);
  const layers = weightNodes(module).map((node): LayerKernel => {
    const { kernel, pack } = operandOf(choice, node);
    const level = (levels[node.id] ?? 0) + (choice.extraLevels[node.id] ?? 0) + depthOf(module, node, users);
    const time = (op: CostedOp, at: number): number => opCost(op, Math.max(0, at), degree, profile.costs, parameters);
    const prices = weights === 'plain' ? plainPrices(time, level, encodes) : encryptedPrices(time, level);
    return {
      node: node.id,
      input: kernel.input,
      output: kernel.output,
      kernel: kernel.kernel,
      ...(kernel.packing && { packing: gathered(kernel.packing) }),
      prices: { ...prices, input: pack === undefined ? 0 : time('input', level) },
    };
  });
  return { layers, slotwise: slotwisePrices(module, choice, { degree, profile, primes }) };
}

function gathered({ index, map }: NonNullable<KernelOption['packing']>): NonNullable<LayerKernel['packing']> {
  const { starts, indices } = expanded(map);
  return { index, starts, indices };
}

type Time = (op: CostedOp, level: number) => number;

function plainPrices(time: Time, level: number, encodes: number): Omit<LayerPrices, 'input'> {
  const turn = time('rotate', level - 1);
  const sum = time('add', level);
  return {
    product: time('multiply-plain', level) + encodes * time('encode', level),
    sum,
    baby: time('rotate', level),
    giant: turn + time('rescale', level) + time('add', level - 1),
    fold: turn + time('add', level - 1),
    output: time('rescale', level),
  };
}

/** Products have three polynomials until their sum is relinearised, before it is rotated. */
function encryptedPrices(time: Time, level: number): Omit<LayerPrices, 'input'> {
  const plain = plainPrices(time, level, 0);
  const relinearize = time('relinearize', level);
  return {
    ...plain,
    product: time('multiply', level) + time('weight', level),
    sum: 1.5 * plain.sum,
    giant: plain.giant + relinearize,
    output: plain.output + relinearize,
  };
}

function operandOf({ nodes }: LayoutChoice, node: WeightNode): OperandChoice & Required<Pick<OperandChoice, 'kernel'>> {
  const [operand] = nodes.get(node.id)?.operands ?? [];
  if (operand?.kernel === undefined) throw new InternalError(`no kernel was chosen for %${node.id}`);
  return { ...operand, kernel: operand.kernel };
}

/** Share of the plaintexts that find no room in memory, which are encoded in every run. */
function shareEncodedAgain(
  { nodes }: LayoutChoice,
  levels: readonly number[],
  degree: PolyModulusDegree,
  { memory }: EngineProfile,
): number {
  let bytes = 0;
  for (const { node, operands } of nodes.values()) {
    const each = memory.plaintextBytes(degree, (levels[node] ?? 0) + 1);
    for (const { kernel } of operands) bytes += (kernel?.counts.products ?? 0) * each;
  }
  return Math.max(0, 1 - memory.limit / Math.max(1, bytes));
}

/** For each node that works slot by slot, by what the layout search asks for it. */
function slotwisePrices(
  module: TensorModule,
  choice: LayoutChoice,
  context: { readonly degree: PolyModulusDegree; readonly profile: EngineProfile; readonly primes: number },
): NetworkKernels['slotwise'] {
  const chooser = new NodeChooser(new KernelCatalogue(module, choice.slots));
  const model = costModel({ ...context, prices: latencyPrices });
  return module.nodes.flatMap((node) => {
    const chosen = choice.nodes.get(node.id);
    if ((node.op !== 'multiply' && node.op !== 'polynomial') || chosen?.layout === undefined) return [];
    const cost = chooser.cost({ ...chosen, operands: [] }, choice.extraLevels[node.id] ?? 0, model);
    return [{ node: node.id, price: cost / chosen.layout.ciphertexts }];
  });
}
