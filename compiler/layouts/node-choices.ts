/** The ways to compute one node of the network, given the layouts that its operands are in, and what each costs. */
import { elementCount } from '../../ir/constant.ts';
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { refreshedLevel } from '../../ir/he/ops.ts';
import { nodeAt, usersOf } from '../../ir/module.ts';
import type { ValueId } from '../../ir/op.ts';
import type { TensorModule, TensorNode, TensorNodeNamed } from '../../ir/tensor/ops.ts';
import type { Layout } from '../../ir/tile/layout.ts';
import { keepsPadding, needsZeroPadding } from '../../ir/tile/ops.ts';
import { pickedCiphertexts } from '../../ir/tile/packing.ts';
import type { KernelOption } from '../kernels/parts/kernel-option.ts';
import { polynomialProducts } from '../../ir/tensor/polynomial-evaluation.ts';
import { isClientView } from './client-views.ts';
import { type CostModel, kernelCost } from './cost.ts';
import type { KernelCatalogue } from './kernel-catalogue.ts';
import { depthOf, levelsOf, type Users } from './network-depth.ts';

/** How one operand reaches a node: as it is (no kernel), or by a kernel from the layout that it is in. */
export interface OperandChoice {
  readonly operand: ValueId;
  /** Layout in which the client packs it, for an operand that is an input of the model or picks elements of one. */
  readonly pack?: Layout;
  /** Moves it to another layout first; takes a level. */
  readonly repack?: KernelOption;
  readonly kernel?: KernelOption;
}

export interface NodeChoice {
  readonly node: ValueId;
  readonly operands: readonly OperandChoice[];
  /** The layout of the result; undefined for what the client packs, for every user by itself. */
  readonly layout?: Layout;
}

export interface Option {
  readonly choice: NodeChoice;
  /** Whether it takes a level that the network as such does not need. */
  readonly deepens: boolean;
}

/** The nodes of a network with their levels and kernels. */
export class NodeChooser {
  private readonly catalogue: KernelCatalogue;
  private readonly module: TensorModule;
  private readonly levels: readonly number[];
  private readonly users: Users;

  constructor(catalogue: KernelCatalogue) {
    this.catalogue = catalogue;
    this.module = catalogue.module;
    this.levels = levelsOf(this.module);
    this.users = usersOf(this.module);
  }

  /** `repacking` proposes to move operands of linear nodes to other layouts first. */
  options(node: TensorNode, layouts: ReadonlyMap<ValueId, Layout>, repacking: boolean): Option[] {
    if (isClientView(this.module, node)) return [{ choice: { node: node.id, operands: [] }, deepens: false }];
    if (this.catalogue.mapsOf(node).length === 0) return this.slotwiseOptions(node, layouts);
    const [first = -1] = node.operands;
    const operand = layouts.get(first);
    const found = this.catalogue.kernelsFor(node, operand);
    const direct = this.linearOptions(node, layouts, [...found, ...this.toSummands(node, operand, found, layouts)]);
    if (!repacking || operand === undefined) return direct;
    const moved = this.catalogue
      .repackings(operand)
      .flatMap((move) => this.linearOptions(node, layouts, this.catalogue.kernelsFor(node, move.output), move));
    return [...direct, ...moved];
  }

  /**
   * Kernels that leave the result where values are that it is added to: the sum then takes no level to move it. Besides those
   * that are `found`.
   */
  private toSummands(
    node: TensorNode,
    input: Layout | undefined,
    found: readonly KernelOption[],
    layouts: ReadonlyMap<ValueId, Layout>,
  ): KernelOption[] {
    if (input === undefined) return [];
    const sums = (this.users[node.id] ?? []).filter(({ op }) => op === 'add');
    const others = sums.flatMap(({ operands }) => operands.flatMap((operand) => layouts.get(operand) ?? []));
    return distinct(others)
      .filter((layout) => !found.some(({ output }) => output.samePlaces(layout)))
      .map((layout) => this.catalogue.join(node, 0, input, layout));
  }

  /** What a choice costs where `extra` levels more than the network needs are left behind it. */
  cost({ node: id, operands, layout }: NodeChoice, extra: number, model: CostModel): number {
    const node = nodeAt(this.module, id);
    const own = (this.levels[id] ?? 0) + extra;
    // Kernels of slotwise nodes move their operands, which are then at the level that the node reads.
    const reads = own + depthOf(this.module, node, this.users) + (this.isLinear(node) ? 0 : 1);
    let sum = this.ownCost(node, layout, own, model);
    for (const { pack, repack, kernel } of operands) {
      const level = repack === undefined ? reads : reads + 1;
      if (repack !== undefined) sum += kernelCost(repack, level, model);
      if (kernel !== undefined) sum += kernelCost(kernel, reads, model);
      if (pack !== undefined)
        sum += model.pack(pack.ciphertexts, kernel === undefined ? Math.max(0, reads - 1) : level);
    }
    return sum;
  }

  /** At most the cost of any choice for `node`. */
  leastCost(node: TensorNode, model: CostModel): number {
    const level = this.levels[node.id] ?? 0;
    const { virtualSlots } = this.catalogue.slots;
    const ciphertexts = Math.ceil(elementCount(node.type) / virtualSlots);
    const maps = this.catalogue.mapsOf(node);
    if (maps.length > 0) {
      const weights = maps.reduce((sum, map) => sum + map.nonZeros, 0);
      const products = Math.ceil(weights / virtualSlots);
      const counts = { babyRotations: 0, lateRotations: 0, foldRotations: 0, products, rescales: ciphertexts };
      return model.linear({ counts, steps: 0, inputs: ciphertexts, results: ciphertexts }, level + 1);
    }
    if (node.op === 'refresh') return model.refresh(ciphertexts, level);
    const products = productsOf(node);
    return products === 0 ? 0 : model.products(products, ciphertexts, this.productLevel(node, level));
  }

  private linearOptions(
    node: TensorNode,
    layouts: ReadonlyMap<ValueId, Layout>,
    kernels: readonly KernelOption[],
    repack?: KernelOption,
  ): Option[] {
    const [first, ...others] = node.operands;
    if (first === undefined) throw new InternalError(`${node.op} without an operand`);
    const known = layouts.get(first);
    const deepens = repack !== undefined && this.needsLevel(node, first);
    return kernels.map((kernel) => {
      const chosen: OperandChoice[] = [
        { operand: first, kernel, ...(repack && { repack }), ...(known === undefined && { pack: kernel.input }) },
      ];
      for (const [k, operand] of others.entries()) {
        const input = layouts.get(operand);
        const from = input ?? this.catalogue.plain(this.elements(operand));
        const join = this.catalogue.join(node, k + 1, from, kernel.output);
        chosen.push({ operand, kernel: join, ...(input === undefined && { pack: from }) });
      }
      return { choice: { node: node.id, operands: chosen, layout: kernel.output }, deepens };
    });
  }

  private slotwiseOptions(node: TensorNode, layouts: ReadonlyMap<ValueId, Layout>): Option[] {
    const known = node.operands.flatMap((operand) => layouts.get(operand) ?? []);
    const usable = known.filter((layout) => tolerates(node, layout));
    // An output may pick elements, and then has more or fewer than what it reads.
    const elements = this.elements(node.operands[0] ?? -1);
    const targets = usable.length > 0 ? distinct(usable) : [this.catalogue.plain(elements)];
    return targets.map((target) => {
      const operands = node.operands.map((operand): OperandChoice => {
        const layout = layouts.get(operand);
        if (layout === undefined) return { operand, pack: target };
        if (layout.samePlaces(target) && tolerates(node, layout)) return { operand };
        return { operand, kernel: this.catalogue.repack(layout, target) };
      });
      // As the tile op infers it: what stands beside the elements of one operand reaches the result.
      const read = operands.map(({ operand, kernel }) => (kernel ? target : (layouts.get(operand) ?? target)));
      const deepens = operands.some(({ operand, kernel }) => kernel !== undefined && this.needsLevel(node, operand));
      return {
        choice: { node: node.id, operands, layout: keepsPadding(target, read) ? target : target.withUnknown() },
        deepens,
      };
    });
  }

  /** Whether the way over `operand` is as long as any, so that moving the operand makes the network deeper. */
  private needsLevel(node: TensorNode, operand: ValueId): boolean {
    // A value that is refreshed is moved before.
    const own = node.op === 'refresh' ? refreshedLevel : (this.levels[node.id] ?? 0);
    const needs = own + depthOf(this.module, node, this.users);
    return needs >= (this.levels[operand] ?? 0);
  }

  private ownCost(node: TensorNode, layout: Layout | undefined, level: number, model: CostModel): number {
    const ciphertexts = layout?.ciphertexts ?? 0;
    if (node.op === 'output') return model.unpack(layout === undefined ? 0 : sentOf(node, layout));
    if (node.op === 'refresh') return model.refresh(ciphertexts, level);
    const products = productsOf(node);
    return products === 0 ? 0 : model.products(products, ciphertexts, this.productLevel(node, level));
  }

  /** On average over the products of a polynomial, which go down by a level from one to the next. */
  private productLevel(node: TensorNode, level: number): number {
    const depth = depthOf(this.module, node, this.users);
    return level + depth - Math.max(0, depth - 1) / 2;
  }

  private isLinear(node: TensorNode): boolean {
    return this.catalogue.mapsOf(node).length > 0;
  }

  private elements(operand: ValueId): number {
    return elementCount(nodeAt(this.module, operand).type);
  }
}

/** Ciphertexts that the client reads an output of. */
function sentOf({ attrs }: TensorNodeNamed<'output'>, layout: Layout): number {
  if (attrs.index === undefined) return layout.ciphertexts;
  return pickedCiphertexts(layout, { index: attrs.index.indices }).filter((picked) => picked).length;
}

/** Ciphertext products of a node on each ciphertext. */
function productsOf(node: TensorNode): number {
  if (node.op === 'multiply') return 1;
  return node.op === 'polynomial' ? polynomialProducts(node.attrs.coefficients, node.attrs.basis) : 0;
}

/** Whether the node may read a value in this layout, whatever stands beside its elements. */
function tolerates(node: TensorNode, { padding }: Layout): boolean {
  return node.op !== 'polynomial' || padding === 'zero' || !needsZeroPadding(node.attrs.coefficients);
}

function distinct(layouts: readonly Layout[]): Layout[] {
  return [...new Map(layouts.map((layout) => [layout.toString(), layout])).values()];
}
