/**
 * Rewrites a tensor module from its inputs to its outputs: every node is added to a new module and then replaced by
 * what the rules make of it, until no rule applies.
 *
 * The rewriter knows at any time how often each value of the new module is used, counting the users in the old module
 * that are still to come. Rules may leave nodes behind that nobody uses; `dead-nodes` drops them at the end.
 */
import { InternalError, type NodeRef } from '../../../ir/diagnostics/diagnostic.ts';
import { usersOf } from '../../../ir/module.ts';
import type { AttrsOf, ValueId } from '../../../ir/op.ts';
import type { AffineMap } from '../../../ir/tensor/affine-map.ts';
import { expanded, type LinearMap, maxNonZeros } from '../../../ir/tensor/csr.ts';
import { affineMapOf, isLinear } from '../../../ir/tensor/linear-map.ts';
import {
  type Shape,
  TensorBuilder,
  type TensorModule,
  type TensorNode,
  type TensorOpName,
  type TensorOps,
} from '../../../ir/tensor/ops.ts';
import { keepsElements } from '../../../ir/tensor/reshape.ts';

/** What a rule does, for the statistics of the pass. */
export type Effect = 'merged' | 'dropped' | 'moved';

export interface Rule {
  readonly effect: Effect;
  /**
   * Undefined where the rule does not apply to `node`; otherwise what emits a value that equals it. It is called at
   * once, and `node` no longer counts as a user then.
   */
  readonly match: (node: TensorNode, graph: Rewriter) => (() => ValueId) | undefined;
}

export class Rewriter {
  readonly counts: Record<Effect, number> = { merged: 0, dropped: 0, moved: 0 };
  private readonly rules: readonly Rule[];
  private readonly builder = new TensorBuilder();
  /** Users of each value that are themselves active, and one for each use that the old module announces. */
  private readonly uses: number[] = [];
  /** Whether the value counts as a user of its operands: not once it has been replaced, or lost all its users. */
  private readonly active: boolean[] = [];
  private readonly maps = new Map<ValueId, LinearMap>();

  constructor(rules: readonly Rule[]) {
    this.rules = rules;
  }

  run(module: TensorModule): TensorModule {
    const users = usersOf(module);
    const values: ValueId[] = [];
    for (const node of module.nodes) {
      const copy = this.builder.copy(node, (operand) => values[operand] ?? -1);
      // The uses by this node were announced when its operands were added: they pass to the copy.
      this.uses[copy] = 0;
      this.active[copy] = true;
      const value = this.simplify(copy);
      const announced = users[node.id]?.length ?? 0;
      for (let use = 0; use < announced; use++) this.retain(value);
      values.push(value);
    }
    return this.builder.build(module.name);
  }

  /** Adds a node and simplifies it; returns the value that stands for it. */
  emit<K extends TensorOpName>(
    op: K,
    operands: readonly ValueId[],
    attrs: AttrsOf<TensorOps[K]>,
    origins: readonly NodeRef[],
  ): ValueId {
    const id = this.builder.add(op, operands, attrs, origins);
    this.uses[id] = 0;
    this.active[id] = true;
    for (const operand of operands) this.retain(operand);
    return this.simplify(id);
  }

  node(id: ValueId): TensorNode {
    return this.builder.node(id);
  }

  /** The only operand of `node`. */
  operand(node: TensorNode, at = 0): TensorNode {
    const id = node.operands[at];
    if (id === undefined) throw new InternalError(`${node.op} has no operand ${at}`);
    return this.node(id);
  }

  shape(id: ValueId): Shape {
    return this.builder.typeOf(id);
  }

  /** Whether a single node reads this value, once. */
  isUsedOnce(node: TensorNode): boolean {
    return this.usesOf(node.id) === 1;
  }

  /** The affine map of a linear node. Throws `HepcError` (H310) where it has too many entries. */
  mapOf(node: TensorNode): LinearMap {
    const known = this.maps.get(node.id);
    if (known !== undefined) return known;
    const map = expanded(this.affineMap(node), node.origins);
    this.maps.set(node.id, map);
    return map;
  }

  /** As `mapOf`; undefined where it has too many entries. */
  mapWithin(node: TensorNode): LinearMap | undefined {
    const known = this.maps.get(node.id);
    return known ?? (this.affineMap(node).nonZeros > maxNonZeros ? undefined : this.mapOf(node));
  }

  private affineMap(node: TensorNode): AffineMap {
    const map = affineMapOf(
      node,
      node.operands.map((operand) => this.shape(operand)),
    );
    if (map === undefined) throw new InternalError(`${node.op} is not linear`);
    return map;
  }

  /** Whether `node` is a linear op of one operand. */
  isMap(node: TensorNode): boolean {
    return isLinear(node) && node.operands.length === 1;
  }

  /** Whether `node` changes nothing but the shape: every element stays where it is. */
  isReshape(node: TensorNode): boolean {
    return node.operands.length === 1 && keepsElements(node, this.operand(node).type);
  }

  private simplify(first: ValueId): ValueId {
    let id = first;
    for (let next = this.replacement(id); next !== undefined; next = this.replacement(id)) id = next;
    return id;
  }

  private replacement(id: ValueId): ValueId | undefined {
    const node = this.node(id);
    for (const { effect, match } of this.rules) {
      const emit = match(node, this);
      if (emit === undefined) continue;
      this.counts[effect]++;
      this.giveUp(id);
      return emit();
    }
    return undefined;
  }

  private usesOf(id: ValueId): number {
    return this.uses[id] ?? 0;
  }

  private retain(id: ValueId): void {
    this.uses[id] = this.usesOf(id) + 1;
    if (this.active[id] !== true) {
      this.active[id] = true;
      for (const operand of this.node(id).operands) this.retain(operand);
    }
  }

  private giveUp(id: ValueId): void {
    this.active[id] = false;
    this.maps.delete(id);
    for (const operand of this.node(id).operands) {
      this.uses[operand] = this.usesOf(operand) - 1;
      if (this.usesOf(operand) === 0) this.giveUp(operand);
    }
  }
}
