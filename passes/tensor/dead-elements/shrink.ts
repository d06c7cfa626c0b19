/** Writes a network without the elements that need not be computed: see `Needs`. */
import { Constant, elementCount, indexConstant, vector } from '../../../ir/constant.ts';
import { InternalError, type NodeRef } from '../../../ir/diagnostics/diagnostic.ts';
import { nodeAt } from '../../../ir/module.ts';
import type { ValueId } from '../../../ir/op.ts';
import { splitColumns } from '../../../ir/tensor/column-blocks.ts';
import { denseMatrix, type LinearMap, RowWriter } from '../../../ir/tensor/csr.ts';
import {
  type Shape,
  TensorBuilder,
  type TensorModule,
  type TensorNode,
  type TensorNodeNamed,
} from '../../../ir/tensor/ops.ts';
import { isInnerReshape } from './classes.ts';
import { ConstantSummands } from './constant-summands.ts';
import { KeptElements } from './kept-elements.ts';
import type { Needs } from './needs.ts';
import { shrunkConv, shrunkMap } from './shrink-weights.ts';
import { sourceOf } from './sources.ts';

export function shrink(needs: Needs): TensorModule {
  return new Shrinker(needs).run();
}

class Shrinker {
  private readonly needs: Needs;
  private readonly module: TensorModule;
  private readonly builder = new TensorBuilder();
  private readonly values = new Map<ValueId, ValueId>();
  /** Inputs as they are, of which gathers pick by themselves. */
  private readonly inputs = new Map<ValueId, ValueId>();
  private readonly kept: KeptElements;
  private readonly summands: ConstantSummands;
  private host: ValueId | undefined;

  constructor(needs: Needs) {
    this.needs = needs;
    this.module = needs.module;
    this.kept = new KeptElements(needs);
    this.summands = new ConstantSummands(needs, this.kept);
  }

  run(): TensorModule {
    for (const node of this.module.nodes) {
      const value = this.rewrite(node);
      if (value !== undefined) this.values.set(node.id, value);
    }
    return this.builder.build(this.module.name);
  }

  private rewrite(node: TensorNode): ValueId | undefined {
    const { needs } = this;
    if (node.op === 'input') return this.rewriteInput(node);
    if (node.op === 'output') return this.rewriteOutput(node);
    if (!needs.isWanted(node.id)) return undefined;
    if (!needs.varies(node.id))
      return this.constant(this.kept.constants(node.id), this.kept.shape(node.id), node.origins);
    switch (node.op) {
      case 'dense':
        return this.rewriteDense(node);
      case 'sparse':
        return this.rewriteSparse(node);
      case 'conv':
        return this.rewriteConv(node);
      case 'gather':
        return this.rewriteGather(node);
      case 'scale-shift':
      case 'add':
      case 'multiply':
      case 'polynomial':
      case 'activation':
      case 'refresh':
        return this.rewriteElementwise(node);
      case 'composite':
        throw new InternalError('composites are expanded before dead elements are dropped');
      case 'quantize':
        throw new InternalError('roundings are dropped before dead elements are');
    }
  }

  private rewriteElementwise(
    node: TensorNodeNamed<'scale-shift' | 'add' | 'multiply' | 'polynomial' | 'activation' | 'refresh'>,
  ): ValueId {
    const { needs, builder } = this;
    const operands = node.operands.filter((id) => needs.varies(id)).map((id) => this.valueOf(id));
    const [x = -1, y = -1] = operands;
    const { origins } = node;
    switch (node.op) {
      case 'scale-shift': {
        const [factors, offsets] = [node.attrs.factors, node.attrs.offsets].map((each) =>
          this.kept.entries(node.id, each),
        );
        if (factors === undefined || offsets === undefined) throw new InternalError('a scale-shift has no factors');
        return builder.add('scale-shift', [x], { factors, offsets }, origins);
      }
      case 'add':
        return this.rewriteAdd(node, operands);
      case 'multiply': {
        const constant = node.operands.find((id) => !needs.varies(id));
        if (constant === undefined) return builder.add('multiply', [x, y], {}, origins);
        const factors = vector(this.kept.constants(constant));
        return builder.add('scale-shift', [x], { factors, offsets: vector([0]) }, origins);
      }
      case 'polynomial': {
        const coefficients = this.kept.sets(node.id, node.attrs.coefficients);
        return builder.add('polynomial', [x], { ...node.attrs, coefficients }, origins);
      }
      case 'activation': {
        const { kind, parameters } = node.attrs;
        // Slopes go by the first axis; all other parameters are of the whole op.
        const slopes = new Constant([parameters.length, 1], Float64Array.from(parameters));
        const kept = kind === 'prelu' ? [...this.kept.sets(node.id, slopes).values] : parameters;
        return builder.add('activation', [x], { kind, parameters: kept }, origins);
      }
      case 'refresh':
        return builder.add('refresh', [x], {}, origins);
    }
  }

  /** An input that not all is read of becomes a gather of the rest, which the client never encrypts. */
  private rewriteInput(node: TensorNodeNamed<'input'>): ValueId | undefined {
    const input = this.builder.add('input', [], node.attrs, node.origins);
    this.inputs.set(node.id, input);
    const kept = this.kept.of(node.id);
    if (kept.length === 0 || this.kept.isWhole(node.id)) return input;
    return this.builder.add('gather', [input], { index: indexConstant(this.kept.shape(node.id), kept) }, node.origins);
  }

  private rewriteOutput(node: TensorNodeNamed<'output'>): ValueId {
    const { needs, builder } = this;
    const [x = -1] = node.operands;
    const { name, index } = node.attrs;
    const elements = elementCount(node.type);
    const positions = this.kept.positions(x);
    const constants = new Float64Array(elements);
    const picks = Int32Array.from({ length: elements }, (_, i) => {
      const element = index?.indices[i] ?? i;
      const known = element < 0 ? (node.attrs.constants?.values[i] ?? 0) : needs.constantAt(x, element);
      if (Number.isNaN(known)) return positions[element] ?? -1;
      constants[i] = known;
      return -1;
    });
    if (!picks.some((pick) => pick >= 0))
      return builder.add('output', [this.anything()], { name, ...picked() }, node.origins);
    const isSame = this.kept.isWhole(x) && picks.every((pick, i) => pick === (index?.indices[i] ?? i));
    return builder.add('output', [this.valueOf(x)], isSame ? node.attrs : { name, ...picked() }, node.origins);

    function picked() {
      const isZero = constants.every((value) => value === 0);
      return {
        index: indexConstant(node.type, picks),
        ...(!isZero && { constants: new Constant(node.type, constants) }),
      };
    }
  }

  private rewriteDense(node: TensorNodeNamed<'dense'>): ValueId {
    const [x = -1] = node.operands;
    const map = shrunkMap(node, this.needs, this.kept, this.summands.addedTo(node.id));
    if (map === undefined) return this.builder.copy(node, (id) => this.valueOf(id));
    const weights = new Constant([map.rows, map.columns], denseMatrix(map));
    return this.builder.add('dense', [this.valueOf(x)], { weights, bias: vector(map.bias) }, node.origins);
  }

  private rewriteSparse(node: TensorNodeNamed<'sparse'>): ValueId {
    const [x = -1] = node.operands;
    const map = shrunkMap(node, this.needs, this.kept, this.summands.addedTo(node.id));
    if (map === undefined) return this.builder.copy(node, (id) => this.valueOf(id));
    return this.sparse(map, this.valueOf(x), this.kept.shape(node.id), node.origins);
  }

  private rewriteConv(node: TensorNodeNamed<'conv'>): ValueId {
    const [x = -1] = node.operands;
    const attrs = shrunkConv(node, this.needs, this.kept, this.summands.addedTo(node.id));
    return this.builder.add('conv', [this.valueOf(x)], attrs ?? node.attrs, node.origins);
  }

  private rewriteGather(node: TensorNodeNamed<'gather'>): ValueId {
    const { needs, module, builder } = this;
    const [x = -1] = node.operands;
    const shape = this.kept.shape(node.id);
    const kept = this.kept.of(node.id);
    if (isInnerReshape(module, node)) {
      const identity = kept.map((_, e) => e);
      return builder.add('gather', [this.valueOf(x)], { index: indexConstant(shape, identity) }, node.origins);
    }
    const picks = node.attrs.index.indices;
    if (nodeAt(module, x).op === 'input' && node.operands.length === 1) {
      const index = kept.map((e) => picks[e] ?? -1);
      return builder.add('gather', [this.inputs.get(x) ?? -1], { index: indexConstant(shape, index) }, node.origins);
    }
    const present = node.operands.filter((id) => needs.isWanted(id) && needs.varies(id));
    const starts = new Map<ValueId, number>();
    let width = 0;
    for (const id of new Set(present)) {
      starts.set(id, width);
      width += this.kept.of(id).length;
    }
    const bias = new Float64Array(kept.length);
    const index = kept.map((e, at) => {
      const from = picks[e] ?? -1;
      if (from < 0) return -1;
      const [operand, element] = sourceOf(module, node, from);
      const known = needs.constantAt(operand, element);
      if (known === 0) return -1;
      const start = starts.get(operand);
      if (start !== undefined && needs.keeps(operand, element))
        return start + (this.kept.positions(operand)[element] ?? 0);
      bias[at] = known;
      return -1;
    });
    const operands = [...starts.keys()];
    if (bias.every((value) => value === 0)) {
      const values = operands.map((id) => this.valueOf(id));
      return builder.add('gather', values, { index: indexConstant(shape, index) }, node.origins);
    }
    // A gather has no constants of its own.
    const writer = new RowWriter(kept.length, width, kept.length);
    for (const column of index) {
      if (column >= 0) writer.push(column, 1);
      writer.endRow();
    }
    const parts = splitColumns(
      writer.finish(bias),
      operands.map((id) => this.kept.of(id).length),
    ).map((map, k) => this.sparse(map, this.valueOf(operands[k] ?? -1), shape, node.origins));
    const [only = -1] = parts;
    return parts.length === 1 ? only : builder.add('add', parts, {}, node.origins);
  }

  private rewriteAdd(node: TensorNodeNamed<'add'>, varying: readonly ValueId[]): ValueId {
    const constants = this.summands.leftTo(node.id);
    const operands = [...varying];
    if (constants !== undefined) {
      const kept = Float64Array.from(this.kept.of(node.id), (e) => constants[e] ?? 0);
      operands.push(this.constant(kept, this.kept.shape(node.id), node.origins));
    }
    const [only = -1] = operands;
    return operands.length === 1 ? only : this.builder.add('add', operands, {}, node.origins);
  }

  /** A value that is constant, for the few that cannot do without one. */
  private constant(values: Float64Array, shape: Shape, origins: readonly NodeRef[]): ValueId {
    const writer = new RowWriter(values.length, 1, 0);
    for (let row = 0; row < values.length; row++) writer.endRow();
    return this.sparse(writer.finish(values), this.anything(), shape, origins);
  }

  /** One element of an input, for ops that must have an operand. */
  private anything(): ValueId {
    if (this.host !== undefined) return this.host;
    const [input] = this.inputs.values();
    if (input === undefined) throw new InternalError('a network has no input');
    const { origins } = this.builder.node(input);
    this.host = this.builder.add('gather', [input], { index: indexConstant([1], [0]) }, origins);
    return this.host;
  }

  private sparse(map: LinearMap, operand: ValueId, shape: Shape, origins: readonly NodeRef[]): ValueId {
    const attrs = {
      starts: indexConstant([map.starts.length], map.starts),
      columns: indexConstant([map.indices.length], map.indices),
      values: vector(map.values),
      bias: vector(map.bias),
      shape: [...shape],
    };
    return this.builder.add('sparse', [operand], attrs, origins);
  }

  private valueOf(id: ValueId): ValueId {
    const value = this.values.get(id);
    if (value === undefined) throw new InternalError(`%${id} is read, but was dropped`);
    return value;
  }
}
