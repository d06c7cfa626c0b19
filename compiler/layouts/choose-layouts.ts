/**
 * Chooses a layout for every value and a kernel for every linear op: the seam between `tensor` and `tile`.
 *
 * Values are visited in topological order; a state is the layout of every value that is still to be used, what has
 * been spent, and the decisions that led there. Of the states with equal layouts only the cheapest goes on, so on a
 * chain of ops this is a shortest path, exact as long as there are no more layouts than `beamWidth`.
 */
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import type { ValueId } from '../../ir/op.ts';
import { identityMap, isLinear, type LinearMap, linearMapOf } from '../../ir/tensor/linear-map.ts';
import { elementCount } from '../../ir/constant.ts';
import type { TensorModule, TensorNode } from '../../ir/tensor/ops.ts';
import type { Layout } from '../../ir/tile/layout.ts';
import { splitColumns } from '../../ir/tensor/column-blocks.ts';
import { isReshape, levelsOf } from './network-depth.ts';
import { type CostModel, defaultCosts, kernelCost, packingCost, productCost } from './cost.ts';
import { polynomialProducts } from '../lowering/polynomial.ts';
import type { Candidate, LinearProblem, SlotShape } from '../kernels/candidate.ts';
import { kernelsAtInput } from '../kernels/client-packing.ts';
import { contiguous, sparseDiagonals } from '../kernels/families.ts';
import { kernelsFrom } from '../kernels/kernels-from.ts';

/** States that go on after each op. */
const beamWidth = 16;

/** A state that has spent this much more than the cheapest does not catch up: no layout saves that many rotations. */
const hopeless = 60 * defaultCosts(4).rotate;

/** How one operand reaches a node: as it is (no kernel), or by a kernel from the layout that it is in. */
export interface OperandChoice {
  readonly operand: ValueId;
  /** Layout in which the client packs it, for an operand that is an input of the model. */
  readonly pack?: Layout;
  readonly kernel?: Candidate;
}

export interface NodeChoice {
  readonly node: ValueId;
  readonly operands: readonly OperandChoice[];
  /** The layout of the result; undefined for inputs, which every user packs for itself. */
  readonly layout?: Layout;
}

export interface LayoutChoice {
  readonly slots: SlotShape;
  readonly nodes: ReadonlyMap<ValueId, NodeChoice>;
  readonly cost: number;
}

interface State {
  readonly layouts: ReadonlyMap<ValueId, Layout>;
  readonly cost: number;
  readonly last: { readonly choice: NodeChoice; readonly before: State } | undefined;
}

export function chooseLayouts(module: TensorModule, slots: SlotShape, model: CostModel): LayoutChoice {
  const levels = levelsOf(module);
  const lastUse = new Map<ValueId, ValueId>();
  for (const node of module.nodes) for (const operand of node.operands) lastUse.set(operand, node.id);
  let states: State[] = [{ layouts: new Map(), cost: 0, last: undefined }];
  for (const node of module.nodes) {
    const chooser = new NodeChooser(module, node, levels[node.id] ?? 0, slots, model);
    const next = new Map<string, State>();
    for (const state of states) {
      for (const { choice, cost } of chooser.choices(state.layouts)) {
        const layouts = new Map(state.layouts);
        if (choice.layout !== undefined) layouts.set(node.id, choice.layout);
        for (const operand of node.operands) if (lastUse.get(operand) === node.id) layouts.delete(operand);
        const key = [...layouts].map(([id, layout]) => `${id}${layout.toString()}`).join(';');
        const total = state.cost + cost;
        const known = next.get(key);
        if (known === undefined || total < known.cost) {
          next.set(key, { layouts, cost: total, last: { choice, before: state } });
        }
      }
    }
    const ranked = [...next.values()].sort((a, b) => a.cost - b.cost);
    const limit = (ranked[0]?.cost ?? 0) + hopeless;
    states = ranked.filter(({ cost }) => cost <= limit).slice(0, beamWidth);
    if (states.length === 0) throw new InternalError(`no layout for ${node.op}`);
  }
  const [best] = states;
  const nodes = new Map<ValueId, NodeChoice>();
  for (let state = best; state?.last !== undefined; state = state.last.before) {
    nodes.set(state.last.choice.node, state.last.choice);
  }
  return { slots, nodes, cost: best?.cost ?? 0 };
}

interface Option {
  readonly choice: NodeChoice;
  readonly cost: number;
}

class NodeChooser {
  private readonly module: TensorModule;
  private readonly node: TensorNode;
  private readonly level: number;
  private readonly slots: SlotShape;
  private readonly model: CostModel;
  /** Kernels for each operand by the layout that it is in; 'input' for one that the client packs. */
  private readonly kernels = new Map<string, Candidate[]>();
  private readonly maps: readonly LinearMap[];

  constructor(module: TensorModule, node: TensorNode, level: number, slots: SlotShape, model: CostModel) {
    this.module = module;
    this.node = node;
    this.level = level;
    this.slots = slots;
    this.model = model;
    this.maps = isLinear(node) && !isReshape(module, node) ? operandMaps(module, node) : [];
  }

  choices(layouts: ReadonlyMap<ValueId, Layout>): Option[] {
    const { node } = this;
    if (node.op === 'input') return [{ choice: { node: node.id, operands: [] }, cost: 0 }];
    if (this.maps.length > 0) return this.linearChoices(layouts);
    return this.slotwiseChoices(layouts);
  }

  private linearChoices(layouts: ReadonlyMap<ValueId, Layout>): Option[] {
    const { node } = this;
    const [first, ...others] = node.operands;
    if (first === undefined) throw new InternalError(`${node.op} without an operand`);
    return this.kernelsFor(0, layouts.get(first)).map((kernel) => {
      const operands = [this.operandChoice(first, kernel, layouts)];
      for (const [k, operand] of others.entries()) {
        const input = layouts.get(operand) ?? contiguous(this.elements(operand), this.slots);
        const join = sparseDiagonals(this.problem(k + 1), input, kernel.output);
        operands.push(this.operandChoice(operand, join, layouts));
      }
      const cost = operands.reduce((sum, choice) => sum + this.operandCost(choice), 0);
      return { choice: { node: node.id, operands, layout: kernel.output }, cost };
    });
  }

  private slotwiseChoices(layouts: ReadonlyMap<ValueId, Layout>): Option[] {
    const { node } = this;
    const known = node.operands.flatMap((operand) => layouts.get(operand) ?? []);
    const usable = known.filter((layout) => this.tolerates(layout));
    const targets = usable.length > 0 ? distinct(usable) : [contiguous(elementCount(node.type), this.slots)];
    return targets.map((target) => {
      const operands = node.operands.map((operand): OperandChoice => {
        const layout = layouts.get(operand);
        if (layout === undefined) return { operand, pack: target };
        if (layout.samePlaces(target)) return { operand };
        const map = identityMap(layout.elements);
        return { operand, kernel: sparseDiagonals({ map, slots: this.slots }, layout, target) };
      });
      const own = this.ownCost(target);
      const cost = operands.reduce((sum, choice) => sum + this.operandCost(choice), own);
      // As the tile op infers it: what stands beside the elements of one operand reaches the result.
      const isClean = operands.every(
        ({ operand, kernel }) => kernel !== undefined || layouts.get(operand)?.equals(target) !== false,
      );
      const layout = isClean ? target : target.withUnknown();
      return { choice: { node: node.id, operands, layout }, cost };
    });
  }

  private ownCost(layout: Layout): number {
    const { node, level, model } = this;
    if (node.op === 'multiply') return productCost(1, layout.ciphertexts, level + 1, model);
    if (node.op !== 'polynomial') return 0;
    const products = polynomialProducts(node.attrs.coefficients, node.attrs.basis);
    return productCost(products, layout.ciphertexts, level + 1, model);
  }

  private operandChoice(operand: ValueId, kernel: Candidate, layouts: ReadonlyMap<ValueId, Layout>): OperandChoice {
    return layouts.has(operand) ? { operand, kernel } : { operand, kernel, pack: kernel.input };
  }

  private operandCost({ kernel, pack }: OperandChoice): number {
    const computing = kernel === undefined ? 0 : kernelCost(kernel.counts, this.level + 1, this.model);
    return computing + (pack === undefined ? 0 : packingCost(pack.ciphertexts, this.level + 1, this.model));
  }

  private kernelsFor(k: number, input: Layout | undefined): Candidate[] {
    const key = `${k}${input?.toString() ?? 'input'}`;
    const known = this.kernels.get(key);
    if (known !== undefined) return known;
    const problem = this.problem(k);
    const found = input === undefined ? kernelsAtInput(problem) : kernelsFrom(problem, input);
    this.kernels.set(key, found);
    return found;
  }

  private problem(k: number): LinearProblem {
    const { node, module, slots } = this;
    const map = this.maps[k];
    if (map === undefined) throw new InternalError(`${node.op} has no operand ${k}`);
    if (node.op !== 'conv') return { map, slots };
    const input = shapeOf(module, node.operands[0] ?? -1);
    return { map, slots, convolution: { input, output: node.type, strides: node.attrs.strides } };
  }

  private elements(operand: ValueId): number {
    return elementCount(shapeOf(this.module, operand));
  }

  /**
   * A polynomial of higher degree grows beyond every bound outside of its interval, and an overflow of one slot spoils
   * them all: its operand must be zero where no element stands. Squares and quadratics are kept small by their range.
   */
  private tolerates(layout: Layout): boolean {
    if (this.node.op !== 'polynomial') return true;
    return (this.node.attrs.coefficients.shape[1] ?? 0) <= 3 || layout.dims.every((dim) => !dim.unknown);
  }
}

/** The affine map of each operand of a linear node; the bias is with the first. */
export function operandMaps(module: TensorModule, node: TensorNode): LinearMap[] {
  const shapes = node.operands.map((operand) => shapeOf(module, operand));
  const map = linearMapOf(node, shapes);
  if (map === undefined) throw new InternalError(`${node.op} is not linear`);
  return splitColumns(map, shapes.map(elementCount));
}

function shapeOf(module: TensorModule, id: ValueId): readonly number[] {
  return module.nodes[id]?.type ?? [];
}

function distinct(layouts: readonly Layout[]): Layout[] {
  return [...new Map(layouts.map((layout) => [layout.toString(), layout])).values()];
}
