/**
 * For every value that ops compute element by element: as the polynomial of which base it is evaluated, or as it is spelt.
 *
 * A polynomial is taken where it takes neither more levels nor more products than the spelling does, and less of one of
 * these or of nodes. Values that the network computes anyway, because linear ops, activations or outputs read them, or
 * several such values do, cost nothing.
 */
import { nodeAt, usersOf } from '../../../ir/module.ts';
import type { ValueId } from '../../../ir/op.ts';
import type { Sample } from '../../../ir/interface.ts';
import type { TensorModule, TensorNode } from '../../../ir/tensor/ops.ts';
import { BaseRanges } from './base-ranges.ts';
import { coefficientsOf } from './coefficients.ts';
import { type ElementPolynomial, isAll } from './element-polynomial.ts';
import { combined, type EvaluationCost, nothing, ownCost, polynomialCost, powerName } from './evaluation-cost.ts';
import { isPolynomial, type PolynomialNode, type Views, viewsOf } from './views.ts';

/** A value as the polynomial of another one, in powers of x − center. */
export interface Merged {
  readonly base: ValueId;
  readonly view: ElementPolynomial;
  readonly center: number;
}

interface Candidate {
  readonly base: ValueId;
  readonly view: ElementPolynomial;
  readonly cost: EvaluationCost;
}

/** Who computes anyway what a value is made of: the one value that it goes into, or several. */
type Reader = ValueId | 'several' | undefined;

/** The values that become polynomials. */
export function planPolynomials(module: TensorModule, samples: readonly Sample[]): ReadonlyMap<ValueId, Merged> {
  return new Planner(module, samples).plan();
}

class Planner {
  private readonly module: TensorModule;
  private readonly users: readonly (readonly TensorNode[])[];
  private readonly views: readonly Views[];
  private readonly ranges: BaseRanges;
  /** Values that are computed anyway, and the products that they are. */
  private readonly given: ReadonlySet<ValueId>;
  private readonly givenProducts = new Map<string, ValueId>();
  /** Products that are powers of a value, by node: which power of what. */
  private readonly powers = new Map<ValueId, { readonly base: ValueId; readonly power: number }>();
  private readonly costs: EvaluationCost[] = [];

  constructor(module: TensorModule, samples: readonly Sample[]) {
    this.module = module;
    this.users = usersOf(module);
    const views: Views[] = [];
    for (const node of module.nodes) {
      const operands = node.operands.map((id) => views[id] ?? new Map<ValueId, ElementPolynomial>());
      views.push(viewsOf(module, node, operands));
    }
    this.views = views;
    const bases = new Set(views.flatMap((each, id) => [...each.keys()].filter((base) => base !== id)));
    this.ranges = new BaseRanges(module, samples, bases);
    this.given = givenValues(module);
  }

  plan(): Map<ValueId, Merged> {
    for (const node of this.module.nodes) this.nameProduct(node);
    const merged = new Map<ValueId, Merged>();
    for (const node of this.module.nodes) {
      if (!isPolynomial(this.module, node)) {
        this.costs.push(nothing);
        continue;
      }
      const spelt = this.speltCost(node);
      const found = this.bestPolynomial(node, spelt);
      if (found !== undefined) merged.set(node.id, found.merged);
      this.costs.push(found?.cost ?? spelt);
    }
    return merged;
  }

  private speltCost(node: PolynomialNode): EvaluationCost {
    const operands = node.operands.map((id) => this.costOf(id));
    const own = ownCost(node, this.productName(node));
    return combined(node.id, operands, this.waits(node) ? { ...own, depth: 0 } : own);
  }

  private bestPolynomial(
    node: PolynomialNode,
    spelt: EvaluationCost,
  ): { readonly merged: Merged; readonly cost: EvaluationCost } | undefined {
    const candidates = [...(this.views[node.id] ?? [])]
      .filter(([base]) => base !== node.id)
      .map(([base, view]) => ({ base, view, cost: this.mergedCost(node, base, view) }))
      .filter((candidate) => this.isBetter(node.id, candidate, spelt))
      .sort((a, b) => this.compare(node.id, a.cost, b.cost));
    for (const { base, view, cost } of candidates) {
      const center = this.ranges.centerFor(view, base);
      if (center !== undefined) return { merged: { base, view, center }, cost };
    }
    return undefined;
  }

  private mergedCost(node: PolynomialNode, base: ValueId, view: ElementPolynomial): EvaluationCost {
    const before = this.costOf(base);
    if (view.isIdentity) return before;
    const own = polynomialCost(coefficientsOf(view.terms, node.type), 'power', base, node.id);
    // A constant is a scale by zero.
    return combined(node.id, [before], view.degree === 0 ? { depth: 1, products: [] } : own);
  }

  /**
   * Fewer levels at no more products. Where the levels are the same, what is in between must not be needed otherwise; and
   * bare powers of higher degree stay products, for such polynomials want layouts with zeros beside the elements.
   */
  private isBetter(id: ValueId, { base, view, cost: merged }: Candidate, spelt: EvaluationCost): boolean {
    const saved = this.productsOf(id, spelt) - this.productsOf(id, merged);
    if (merged.depth > spelt.depth || saved < 0) return false;
    if (merged.depth < spelt.depth) return true;
    if (!this.isAlone(id, base)) return false;
    const isBare = view.degree > 2 && view.terms.slice(0, -1).every((term) => isAll(term, 0));
    return saved > 0 || (!isBare && this.nodesOf(id, merged) < this.nodesOf(id, spelt));
  }

  /** Whether nothing else reads what lies between a value and its base. */
  private isAlone(id: ValueId, base: ValueId): boolean {
    const between = nodesBetween(this.module, base, id);
    return between.every(
      (inner) => inner === id || (this.users[inner] ?? []).every((user) => between.includes(user.id)),
    );
  }

  private compare(id: ValueId, a: EvaluationCost, b: EvaluationCost): number {
    return (
      a.depth - b.depth || this.productsOf(id, a) - this.productsOf(id, b) || this.nodesOf(id, a) - this.nodesOf(id, b)
    );
  }

  /** Products that are computed for value `id` alone. */
  private productsOf(id: ValueId, { products }: EvaluationCost): number {
    return [...products].filter((name) => (this.givenProducts.get(name) ?? id) === id).length;
  }

  private nodesOf(id: ValueId, { nodes }: EvaluationCost): number {
    return [...nodes].filter((node) => node === id || !this.given.has(node)).length;
  }

  private nameProduct(node: TensorNode): void {
    if (node.op !== 'multiply') return;
    const [x = -1, y = -1] = node.operands;
    if (x === y) {
      const { base, power } = this.powers.get(x) ?? { base: x, power: 1 };
      this.powers.set(node.id, { base, power: 2 * power });
    }
    if (this.given.has(node.id)) this.givenProducts.set(this.productName(node) ?? `${node.id}`, node.id);
  }

  private productName({ id }: TensorNode): string | undefined {
    const found = this.powers.get(id);
    return found && powerName(found.base, found.power);
  }

  /** Whether a node scales a product that is rescaled together with it. */
  private waits(node: TensorNode): boolean {
    const [x = -1] = node.operands;
    const isProduct = ['multiply', 'polynomial'].includes(nodeAt(this.module, x).op);
    return node.op === 'scale-shift' && isProduct && (this.users[x] ?? []).every((user) => user.op === 'scale-shift');
  }

  private costOf(id: ValueId): EvaluationCost {
    return this.costs[id] ?? nothing;
  }
}

/** The nodes that compute `id` from `base`, `id` among them. */
export function nodesBetween(module: TensorModule, base: ValueId, id: ValueId): readonly ValueId[] {
  const between = new Set<ValueId>([id]);
  for (const at of between)
    for (const operand of nodeAt(module, at).operands) if (operand !== base) between.add(operand);
  return [...between].sort((a, b) => a - b);
}

/** The values that somebody reads who is no polynomial, and those that go into several of these. */
function givenValues(module: TensorModule): ReadonlySet<ValueId> {
  const users = usersOf(module);
  const given = new Set<ValueId>();
  const readers: Reader[] = module.nodes.map(() => undefined);
  for (const node of module.nodes.toReversed()) {
    const readBy = users[node.id] ?? [];
    const isRead = readBy.some((user) => !isPolynomial(module, user));
    const goesInto = new Set(readBy.map((user): Reader => (given.has(user.id) ? user.id : readers[user.id])));
    const [only] = goesInto;
    readers[node.id] = goesInto.size > 1 ? 'several' : only;
    if (isRead || readers[node.id] === 'several') given.add(node.id);
  }
  return given;
}
