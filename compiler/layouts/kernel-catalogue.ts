/**
 * The kernels of a network for one number of slots, each list made once: the layout search asks for the same ones on
 * many ways, and for every objective.
 */
import { elementCount } from '../../ir/constant.ts';
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { nodeAt } from '../../ir/module.ts';
import { expanded } from '../../ir/tensor/csr.ts';
import { splitColumns } from '../../ir/tensor/column-blocks.ts';
import type { AffineMap } from '../../ir/tensor/affine-map.ts';
import { hasLearnedStructure } from './learned-structure.ts';
import { affineMapOf, identityMap, isLinear } from '../../ir/tensor/linear-map.ts';
import type { TensorModule, TensorNode } from '../../ir/tensor/ops.ts';
import type { Layout } from '../../ir/tile/layout.ts';
import type { KernelOption, LinearProblem, SlotShape } from '../kernels/parts/kernel-option.ts';
import { kernelsAtInput } from '../kernels/client-packing.ts';
import { geometryOf } from '../kernels/parts/convolution-layouts.ts';
import { kernelsFrom } from '../kernels/kernels-from.ts';
import { repackings } from '../kernels/families/repack.ts';
import { contiguous } from '../kernels/parts/result-layouts.ts';
import { sparseDiagonals } from '../kernels/families/sparse-diagonals.ts';
import { isClientView } from './client-views.ts';
import { isReshape } from '../../ir/tensor/reshape.ts';

/** The affine maps of each node's operands, by node. */
export type NetworkMaps = Map<number, readonly AffineMap[]>;

export class KernelCatalogue {
  readonly module: TensorModule;
  readonly slots: SlotShape;
  private readonly maps: NetworkMaps;
  private readonly kernels = new Map<string, readonly KernelOption[]>();
  private readonly joins = new Map<string, KernelOption>();
  private readonly problems: LinearProblem[] = [];
  private readonly structures = new Map<string, number>();

  /** Catalogues of the same network share its `maps`, which do not depend on the slots. */
  constructor(module: TensorModule, slots: SlotShape, maps: NetworkMaps = new Map()) {
    this.module = module;
    this.slots = slots;
    this.maps = maps;
  }

  /** The affine map of each operand of a linear node; empty for nodes that work slot by slot, and what the client packs. */
  mapsOf(node: TensorNode): readonly AffineMap[] {
    let maps = this.maps.get(node.id);
    if (maps === undefined) {
      const moves = isLinear(node) && !isReshape(this.module, node) && !isClientView(this.module, node);
      maps = moves ? operandMaps(this.module, node) : [];
      this.maps.set(node.id, maps);
    }
    return maps;
  }

  /**
   * Names the positions of the non-zeros of an operand's map, and the convolution that it is: what kernels depend on, so
   * that layers which differ in their weights share the work.
   */
  private structureOf(node: TensorNode, k: number): number {
    const key = `${node.id} ${k}`;
    const known = this.structures.get(key);
    if (known !== undefined) return known;
    const problem = this.problem(node, k);
    const same = this.problems.findIndex((other) => isAlike(other, problem));
    const structure = same === -1 ? this.problems.push(problem) - 1 : same;
    this.structures.set(key, structure);
    return structure;
  }

  /** Kernels for the first operand in the layout `input`; without one, those for an input that the client packs. */
  kernelsFor(node: TensorNode, input: Layout | undefined): readonly KernelOption[] {
    // Those at an input hold the map of what the client gathers, weights included.
    const key = input === undefined ? `input ${node.id}` : `${this.structureOf(node, 0)} ${input.toString()}`;
    const known = this.kernels.get(key);
    if (known !== undefined) return known;
    const problem = this.problem(node, 0);
    const found = input === undefined ? kernelsAtInput(problem) : kernelsFrom(problem, input);
    const usableKernels =
      found.length > 0
        ? found
        : [this.join(node, 0, input ?? this.plain(problem.map.columns), this.plain(problem.map.rows))];
    this.kernels.set(key, usableKernels);
    return usableKernels;
  }

  /** The kernel that takes operand k from one layout to another. */
  join(node: TensorNode, k: number, input: Layout, output: Layout): KernelOption {
    return this.between(String(this.structureOf(node, k)), () => this.problem(node, k), input, output);
  }

  /** The kernel that moves a value from one layout to another. */
  repack(input: Layout, output: Layout): KernelOption {
    const problem = (): LinearProblem => ({ map: identityMap(input.elements), slots: this.slots });
    return this.between('repack', problem, input, output);
  }

  /** Element j in slot j. */
  plain(elements: number): Layout {
    return contiguous(elements, this.slots);
  }

  /** Kernels that move a value to where others may read it better. */
  repackings(input: Layout): readonly KernelOption[] {
    const key = `repackings ${input.toString()}`;
    let found = this.kernels.get(key);
    if (found === undefined) this.kernels.set(key, (found = repackings(input, this.slots)));
    return found;
  }

  private between(name: string, problem: () => LinearProblem, input: Layout, output: Layout): KernelOption {
    const key = `${name} ${input.toString()} ${output.toString()}`;
    let join = this.joins.get(key);
    if (join === undefined) this.joins.set(key, (join = sparseDiagonals(problem(), input, output)));
    return join;
  }

  private problem(node: TensorNode, k: number): LinearProblem {
    const { module, slots } = this;
    const map = this.mapsOf(node)[k];
    if (map === undefined) throw new InternalError(`${node.op} has no operand ${k}`);
    const input = nodeAt(module, node.operands[k] ?? -1).type;
    if (node.op === 'conv')
      return { map, slots, convolution: { input, output: node.type, strides: node.attrs.strides } };
    // What convolutions, pools and enlargements were merged into keeps the geometry of its operand.
    const convolution = node.op === 'sparse' ? geometryOf(input, node.type) : undefined;
    const learnedStructure = hasLearnedStructure(node);
    return { map, slots, learnedStructure, ...(convolution && { convolution }) };
  }
}

function isAlike(a: LinearProblem, b: LinearProblem): boolean {
  return (
    a.map.rows === b.map.rows && a.map.isAlike(b.map) && JSON.stringify(a.convolution) === JSON.stringify(b.convolution)
  );
}

/** The affine map of each operand of a linear node; the bias is with the first. */
export function operandMaps(module: TensorModule, node: TensorNode): readonly AffineMap[] {
  const shapes = node.operands.map((operand) => nodeAt(module, operand).type);
  const map = affineMapOf(node, shapes);
  if (map === undefined) throw new InternalError(`${node.op} is not linear`);
  return shapes.length === 1 ? [map] : splitColumns(expanded(map), shapes.map(elementCount));
}
