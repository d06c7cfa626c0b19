/** `tensor → tile`: writes the chosen layouts and kernels down as a tile module. */
import { elementCount, indexConstant, isIdentity } from '../../ir/constant.ts';
import { InternalError, type NodeRef } from '../../ir/diagnostics/diagnostic.ts';
import { nodeAt } from '../../ir/module.ts';
import type { ValueId } from '../../ir/op.ts';
import type { AffineMap } from '../../ir/tensor/affine-map.ts';
import { checkFiniteMap } from '../../ir/tensor/csr.ts';
import { identityMap, isLinear } from '../../ir/tensor/linear-map.ts';
import type { TensorModule, TensorNode, TensorNodeNamed } from '../../ir/tensor/ops.ts';
import type { Layout } from '../../ir/tile/layout.ts';
import { attributesOf } from '../../ir/tile/linear-attributes.ts';
import { TileBuilder, type TileModule } from '../../ir/tile/ops.ts';
import type { KernelOption } from '../kernels/parts/kernel-option.ts';
import type { LayoutChoice } from '../layouts/choose-layouts.ts';
import { clientView, isClientView, pick } from '../layouts/client-views.ts';
import { type NetworkMaps, operandMaps } from '../layouts/kernel-catalogue.ts';
import type { NodeChoice } from '../layouts/node-choices.ts';
import { isReshape } from '../../ir/tensor/reshape.ts';

export interface LoweredTiles {
  readonly tile: TileModule;
  /** By tile value: a name that it shares with the values of other choices that hold the same elements, in any layout. */
  readonly names: readonly string[];
}

/** The tile module of a choice alone. */
export function lowerToTile(module: TensorModule, choice: LayoutChoice): TileModule {
  return lowerTiles(module, choice, new Map()).tile;
}

/** `maps` are the affine maps of linear nodes that are known from the search, which are as large as the weights. */
export function lowerTiles(module: TensorModule, choice: LayoutChoice, maps: NetworkMaps): LoweredTiles {
  return new TileLowering(module, choice, maps).lower();
}

class TileLowering {
  private readonly module: TensorModule;
  private readonly choice: LayoutChoice;
  private readonly maps: NetworkMaps;
  private readonly builder = new TileBuilder();
  private readonly values = new Map<ValueId, ValueId>();
  private readonly packs = new Map<string, ValueId>();
  private readonly names: string[] = [];

  constructor(module: TensorModule, choice: LayoutChoice, maps: NetworkMaps) {
    this.module = module;
    this.choice = choice;
    this.maps = maps;
  }

  lower(): LoweredTiles {
    for (const node of this.module.nodes) {
      // Whoever reads it has the client pack it.
      if (isClientView(this.module, node)) continue;
      const choice = this.choice.nodes.get(node.id);
      if (choice === undefined) throw new InternalError(`no layout was chosen for %${node.id}`);
      const value = this.lowerNode(node, choice);
      this.values.set(node.id, value);
      this.names[value] ??= String(node.id);
    }
    return { tile: this.builder.build(this.module.name), names: this.names };
  }

  private lowerNode(node: TensorNode, choice: NodeChoice): ValueId {
    if (isLinear(node) && !isReshape(this.module, node)) return this.lowerLinear(node, choice);
    const operands = choice.operands.map(({ operand, kernel, pack }) => {
      const value = pack === undefined ? this.valueOf(operand) : this.pack(operand, pack, undefined);
      return kernel === undefined ? value : this.moved(value, kernel, node.origins);
    });
    const [x = -1, y = -1] = operands;
    switch (node.op) {
      case 'add':
        return this.builder.add('add', operands, {}, node.origins);
      case 'multiply':
        return this.builder.add('multiply', [x, y], {}, node.origins);
      case 'polynomial':
        return this.lowerPolynomial(node, x);
      case 'refresh':
        return this.builder.add('refresh', [x], {}, node.origins);
      case 'output':
        return this.builder.add(
          'unpack',
          [x],
          { name: node.attrs.name, shape: [...node.type], factor: 1, ...this.picksOf(node) },
          node.origins,
        );
      case 'gather':
        return x;
      case 'activation':
      case 'composite':
      case 'quantize':
        throw new InternalError('activations must be polynomials before layouts are chosen');
      case 'input':
      case 'dense':
      case 'conv':
      case 'scale-shift':
      case 'sparse':
        throw new InternalError(`${node.op} is not lowered slot by slot`);
    }
  }

  /** What the client picks of an output, where that is not all of it in order. */
  private picksOf({ attrs: { index, constants }, operands }: TensorNodeNamed<'output'>) {
    const elements = elementCount(nodeAt(this.module, operands[0] ?? -1).type);
    if (index === undefined || isIdentity(index.indices, elements)) return {};
    return { index, ...(constants && { constants }) };
  }

  private lowerLinear(node: TensorNode, choice: NodeChoice): ValueId {
    const maps = this.maps.get(node.id) ?? operandMaps(this.module, node);
    const summands = choice.operands.map(({ operand, repack, kernel, pack }, k) => {
      const map = maps[k];
      if (kernel === undefined || map === undefined) throw new InternalError(`${node.op} has no kernel`);
      const given = pack === undefined ? this.valueOf(operand) : this.pack(operand, pack, kernel.packing?.index);
      const operandValue = repack === undefined ? given : this.moved(given, repack, node.origins);
      const value = this.linear(operandValue, kernel, kernel.packing?.map ?? map, node.origins);
      if (choice.operands.length > 1) this.names[value] = `${node.id}.${k}`;
      return value;
    });
    const [only = -1] = summands;
    return summands.length === 1 ? only : this.builder.add('add', summands, {}, node.origins);
  }

  /** The same elements in another layout. */
  private moved(x: ValueId, kernel: KernelOption, origins: readonly NodeRef[]): ValueId {
    const value = this.linear(x, kernel, identityMap(kernel.input.elements), origins);
    this.names[value] = this.names[x] ?? '';
    return value;
  }

  private linear(x: ValueId, { kernel, output }: KernelOption, map: AffineMap, origins: readonly NodeRef[]): ValueId {
    checkFiniteMap(map, origins);
    return this.builder.add('linear', [x], { ...attributesOf(map), kernel, layout: output }, origins);
  }

  private lowerPolynomial(node: TensorNodeNamed<'polynomial'>, x: ValueId): ValueId {
    const { basis, coefficients, center, halfWidth } = node.attrs;
    const sets = coefficients.shape[0] ?? 1;
    const elements = elementCount(node.type);
    const set = sets === 1 ? [0] : Int32Array.from({ length: elements }, (_, e) => Math.floor((e * sets) / elements));
    const attrs = { basis, coefficients, set: indexConstant([set.length], set), center, halfWidth };
    return this.builder.add('polynomial', [x], attrs, node.origins);
  }

  /**
   * The client's packing of a model input, or of what it picks of one; `index` is the kernel's own choice of elements.
   * Users that want the same packing share it.
   */
  private pack(operand: ValueId, layout: Layout, index: Int32Array | undefined): ValueId {
    const view = clientView(this.module, operand);
    if (view === undefined) throw new InternalError(`%${operand} is nothing that the client packs`);
    const node = view.input;
    const entries = index === undefined ? view.index : pick(view.index, index);
    const constant = indexConstant([entries.length], entries);
    const elements = `${node.id} ${constant.digest()}`;
    const key = `${elements} ${layout.toString()}`;
    const known = this.packs.get(key);
    if (known !== undefined) return known;
    const { name, shape } = node.attrs;
    const value = this.builder.add('pack', [], { name, shape, index: constant, factor: 1, layout }, node.origins);
    this.packs.set(key, value);
    this.names[value] = elements;
    return value;
  }

  private valueOf(id: ValueId): ValueId {
    const value = this.values.get(id);
    if (value === undefined) throw new InternalError(`%${id} was not lowered`);
    return value;
  }
}
