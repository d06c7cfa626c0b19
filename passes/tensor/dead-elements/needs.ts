/**
 * Which elements have to be computed: those that an output reads, or that something reads which has to be computed, and
 * that are no constants. The least set that is closed under this, and under the ties of `ElementClasses`.
 */
import { elementCount } from '../../../ir/constant.ts';
import { nodeAt } from '../../../ir/module.ts';
import type { ValueId } from '../../../ir/op.ts';
import { rowBuffer } from '../../../ir/tensor/affine-map.ts';
import type { TensorModule, TensorNode, TensorNodeNamed } from '../../../ir/tensor/ops.ts';
import { channelSize, ElementClasses, isInnerReshape } from './classes.ts';
import { type Constants, findConstants } from './constants.ts';
import { foldableChannels, forEachChannelPair, inputChannels } from './conv-channels.ts';
import { LinearMaps } from './linear-maps.ts';
import { sourceOf } from './sources.ts';

export class Needs {
  readonly module: TensorModule;
  readonly maps: LinearMaps;
  readonly known: Constants;
  readonly classes: ElementClasses;
  /** By class: 1 for each group that stays. */
  private readonly kept = new Map<ValueId, Uint8Array>();
  private readonly wanted: Uint8Array;
  private changed = false;

  constructor(module: TensorModule) {
    this.module = module;
    this.maps = new LinearMaps(module);
    this.known = findConstants(module, this.maps);
    this.classes = new ElementClasses(module);
    this.wanted = new Uint8Array(module.nodes.length);
    while (this.sweep());
  }

  /** Whether the value has to be there at all: something reads it that cannot do with constants in its place. */
  isWanted(id: ValueId): boolean {
    return this.wanted[id] === 1;
  }

  /** Whether the element stays in values of its class. */
  keeps(id: ValueId, element: number): boolean {
    return this.kept.get(this.classes.root(id))?.[Math.floor(element / this.classes.group(id))] === 1;
  }

  /** What is known of an element: its value, or NaN where it depends on the inputs. */
  constantAt(id: ValueId, element: number): number {
    return this.known[id]?.[element] ?? NaN;
  }

  /** Whether any element that stays depends on the inputs. */
  varies(id: ValueId): boolean {
    const known = this.known[id] ?? new Float64Array();
    return known.some((value, e) => Number.isNaN(value) && this.keeps(id, e));
  }

  /** Whether anything was found. Users come first, so that without ties one sweep finds all. */
  private sweep(): boolean {
    this.changed = false;
    for (const node of this.module.nodes.toReversed()) this.visit(node);
    return this.changed;
  }

  private need(id: ValueId, element: number): void {
    const root = this.classes.root(id);
    const group = this.classes.group(id);
    let kept = this.kept.get(root);
    if (kept === undefined) {
      kept = new Uint8Array(elementCount(nodeAt(this.module, id).type) / group);
      this.kept.set(root, kept);
    }
    const at = Math.floor(element / group);
    if (kept[at] === 1) return;
    kept[at] = 1;
    this.changed = true;
  }

  private want(id: ValueId): void {
    if (this.wanted[id] === 1) return;
    this.wanted[id] = 1;
    this.changed = true;
  }

  private read(id: ValueId, element: number): void {
    this.want(id);
    this.need(id, element);
  }

  private visit(node: TensorNode): void {
    const [x = -1] = node.operands;
    if (node.op === 'output') {
      this.visitOutput(node);
      return;
    }
    if (!this.isWanted(node.id) || !this.varies(node.id)) return;
    switch (node.op) {
      case 'input':
        return;
      case 'dense':
      case 'sparse':
        this.visitRows(node, x);
        return;
      case 'conv':
        this.visitConv(node, x);
        return;
      case 'gather':
        this.visitGather(node);
        return;
      case 'scale-shift':
      case 'polynomial':
      case 'activation':
      case 'composite':
      case 'quantize':
      case 'refresh':
        this.want(x);
        return;
      case 'add':
      case 'multiply':
        for (const operand of node.operands) if (this.varies(operand)) this.want(operand);
    }
  }

  private visitOutput({ attrs, operands, type }: TensorNodeNamed<'output'>): void {
    const [x = -1] = operands;
    for (let i = 0; i < elementCount(type); i++) {
      const element = attrs.index?.indices[i] ?? i;
      if (element >= 0 && Number.isNaN(this.constantAt(x, element))) this.read(x, element);
    }
  }

  private visitRows(node: TensorNodeNamed<'dense' | 'sparse'>, x: ValueId): void {
    const map = this.maps.of(node);
    const { columns } = map;
    const isRead = new Uint8Array(columns);
    const buffer = rowBuffer(map);
    for (let row = 0; row < map.rows; row++) {
      if (!this.keeps(node.id, row)) continue;
      const count = map.readRow(row, buffer);
      for (let k = 0; k < count; k++) isRead[buffer.columns[k] ?? 0] = 1;
    }
    for (let column = 0; column < columns; column++)
      if (isRead[column] === 1 && Number.isNaN(this.constantAt(x, column))) this.read(x, column);
  }

  private visitConv(node: TensorNodeNamed<'conv'>, x: ValueId): void {
    const foldable = foldableChannels(node, this.known[x] ?? new Float64Array());
    const size = channelSize(nodeAt(this.module, x).type);
    const positions = channelSize(node.type);
    forEachChannelPair(node, (output, input, weights) => {
      const isRead = Number.isNaN(foldable[input] ?? NaN) && weights.some((weight) => weight !== 0);
      if (isRead && this.keeps(node.id, output * positions)) this.read(x, input * size);
    });
    const { groups } = node.attrs;
    if (groups === 1) return;
    const outputs = (node.attrs.weights.shape[0] ?? 0) / groups;
    const inputs = inputChannels(node) / groups;
    for (let group = 0; group < groups; group++) {
      const results = Array.from({ length: outputs }, (_, o) => (group * outputs + o) * positions);
      const operands = Array.from({ length: inputs }, (_, i) => (group * inputs + i) * size);
      // Groups are equally large, so that they stay or go as a whole.
      if (!results.some((e) => this.keeps(node.id, e)) && !operands.some((e) => this.keeps(x, e))) continue;
      for (const e of results) this.need(node.id, e);
      for (const e of operands) this.need(x, e);
    }
  }

  private visitGather(node: TensorNodeNamed<'gather'>): void {
    const [x = -1] = node.operands;
    if (isInnerReshape(this.module, node)) {
      this.want(x);
      return;
    }
    for (const [e, from] of node.attrs.index.indices.entries()) {
      if (from < 0 || !this.keeps(node.id, e)) continue;
      const [operand, element] = sourceOf(this.module, node, from);
      // Whatever is picked of an input is packed for this gather alone.
      if (nodeAt(this.module, operand).op === 'input' && node.operands.length === 1) this.want(operand);
      else if (Number.isNaN(this.constantAt(operand, element))) this.read(operand, element);
    }
  }
}
