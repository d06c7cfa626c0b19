/**
 * The factor by which each tile value is scaled, so that no element exceeds one.
 *
 * Values that are added share a factor, and so do a value and what it is once it was refreshed. A product has the product of its operands' factors; a polynomial in powers whose
 * degree m is a power of two, with a leading coefficient c that all elements share, has factor^m / c of its operand, which
 * makes it monic. Everything else is free and takes the inverse of its range. Where two products are added, their operands
 * are made to share factors as well. A polynomial that cannot have its factor, as in x + c·x², stays as it is.
 */
import { DisjointSets } from '../../ir/maths/disjoint-sets.ts';
import type { ValueId } from '../../ir/op.ts';
import { monicCoefficient } from '../../ir/tensor/polynomial-evaluation.ts';
import { type TileModule, type TileNode, type TileNodeNamed } from '../../ir/tile/ops.ts';

/** Factors by value id; all ones where the constraints of products contradict one another. */
export function rangeFactors(module: TileModule, ranges: readonly number[]): number[] {
  const free = new Set<ValueId>();
  for (;;) {
    const solver = new FactorSolver(module, ranges, free);
    const factors = module.nodes.map((node) => solver.factorOf(node.id));
    const violated = solver.violated(factors);
    if (violated.length === 0) return factors;
    const polynomials = violated.filter((node) => node.op === 'polynomial');
    if (polynomials.length === 0) return module.nodes.map(() => 1);
    for (const { id } of polynomials) free.add(id);
  }
}

class FactorSolver {
  private readonly module: TileModule;
  private readonly ranges: readonly number[];
  private readonly classes: DisjointSets;
  private readonly members = new Map<ValueId, TileNode[]>();
  private readonly solved = new Map<ValueId, number>();

  /** Polynomials that do not become monic. */
  private readonly free: ReadonlySet<ValueId>;

  constructor(module: TileModule, ranges: readonly number[], free: ReadonlySet<ValueId>) {
    this.module = module;
    this.ranges = ranges;
    this.free = free;
    this.classes = new DisjointSets(module.nodes.length);
    for (const node of module.nodes) {
      if (node.op === 'add' || node.op === 'refresh' || node.op === 'unpack')
        for (const operand of node.operands) this.join(operand, node.id);
    }
    while (this.joinOperandsOfSums());
    for (const node of module.nodes) this.members.set(this.classes.find(node.id), [...this.classOf(node.id), node]);
  }

  factorOf(id: ValueId): number {
    const root = this.classes.find(id);
    const known = this.solved.get(root);
    if (known !== undefined) return known;
    // A class that depends on itself, such as x + x², has no factor but one.
    this.solved.set(root, 1);
    const determined = this.classOf(id).find((node) => this.isDetermined(node));
    const factor = determined === undefined ? this.freeFactor(this.classOf(id)) : this.imposed(determined);
    this.solved.set(root, factor);
    return factor;
  }

  /** The nodes whose factor is not what their operands impose. */
  violated(factors: readonly number[]): TileNode[] {
    return this.module.nodes.filter((node) => {
      if (!this.isDetermined(node)) return false;
      const own = factors[node.id] ?? 1;
      return Math.abs(this.imposed(node) - own) > 1e-9 * Math.abs(own);
    });
  }

  private classOf(id: ValueId): TileNode[] {
    return this.members.get(this.classes.find(id)) ?? [];
  }

  private isDetermined(node: TileNode): boolean {
    if (node.op === 'multiply') return true;
    return node.op === 'polynomial' && !this.free.has(node.id) && leadingPower(node) !== undefined;
  }

  private imposed(node: TileNode): number {
    const [x = -1, y = -1] = node.operands;
    if (node.op === 'polynomial') {
      const { coefficient, degree } = leadingPower(node) ?? { coefficient: 1, degree: 1 };
      return this.factorOf(x) ** degree / coefficient;
    }
    return this.factorOf(x) * this.factorOf(y);
  }

  private freeFactor(nodes: readonly TileNode[]): number {
    let factor = Infinity;
    for (const node of nodes) {
      const range = this.ranges[node.id] ?? 0;
      if (range > 0) factor = Math.min(factor, 1 / range);
    }
    const ids = new Set(nodes.map((node) => node.id));
    for (const user of this.module.nodes) {
      if (user.op !== 'polynomial' || !ids.has(user.operands[0] ?? -1)) continue;
      const leading = this.free.has(user.id) ? undefined : leadingPower(user);
      const range = this.ranges[user.id] ?? 0;
      if (leading !== undefined && range > 0)
        factor = Math.min(factor, (Math.abs(leading.coefficient) / range) ** (1 / leading.degree));
      // Chebyshev polynomials want their operand on their own interval; powers absorb any factor.
      if (user.attrs.basis === 'chebyshev') factor = 1 / user.attrs.halfWidth;
    }
    return Number.isFinite(factor) ? factor : 1;
  }

  /** Joins the operands of products that must have the same factor; false when nothing is left to join. */
  private joinOperandsOfSums(): boolean {
    const first = new Map<ValueId, TileNode>();
    let joined = false;
    for (const node of this.module.nodes.filter((node) => this.isDetermined(node))) {
      const other = first.get(this.classes.find(node.id));
      if (other === undefined) {
        first.set(this.classes.find(node.id), node);
        continue;
      }
      const [target = -1] = other.operands;
      for (const operand of [...other.operands, ...node.operands]) joined = this.join(operand, target) || joined;
    }
    return joined;
  }

  /** Whether they were in two classes. */
  private join(a: ValueId, b: ValueId): boolean {
    return this.classes.join(a, b).gone !== undefined;
  }
}

/** The leading term of a polynomial that can become monic, in powers of x − center itself. */
function leadingPower({ attrs }: TileNodeNamed<'polynomial'>): { coefficient: number; degree: number } | undefined {
  const { basis, coefficients, halfWidth } = attrs;
  const [, terms = 0] = coefficients.shape;
  const coefficient = monicCoefficient(coefficients, basis);
  if (coefficient === undefined) return undefined;
  let degree = terms - 1;
  while (coefficients.values[degree] === 0) degree--;
  return { coefficient: coefficient / halfWidth ** degree, degree };
}
