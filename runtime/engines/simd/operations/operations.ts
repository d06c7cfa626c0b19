/**
 * Operations on ciphertexts in shared memory. All members of a team call the same ones in the same order with the same
 * operands; each does its share. On return every member has passed a barrier after the last write.
 *
 * Results have SEAL's bits (4.1), except those of rotations from a decomposition: these decompose before the
 * automorphism and not after it, which changes the noise and not the message. Scales are the caller's business.
 *
 * Operands and targets must not overlap unless said otherwise; levels and sizes are those of the operation, which the
 * caller has made sure of. A plaintext's level may be above the value's: the limbs that are needed are its first.
 */
import { InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import type { SimdContext } from '../../../rns/memory/context.ts';
import { type Addend, divideBySpecial, divideTwice, rescale } from './division.ts';
import {
  addExtended,
  addRotated,
  extend,
  type ExtendedTerm,
  multiplyAccumulateExtended,
  rotateExtended,
} from './extended.ts';
import type { ExtendedValue } from '../../../rns/memory/extended-layout.ts';
import { fillConversions } from './conversion.ts';
import { raiseModulus, toDense, toSparse } from './encapsulation.ts';
import { fillFactors } from './factors.ts';
import {
  decompose,
  type Reduction,
  type RotationKey,
  switchDecomposed,
  switchKey,
  toCoefficients,
} from './key-switching.ts';
import { type KeyPlace, limbAt, limbStride, type Value } from '../../../rns/memory/layout.ts';
import { sumLimbs } from './sums.ts';
import { sumLimbProducts } from './sums-of-products.ts';
import { range, share, type Team } from '../../../rns/team.ts';
import { copyLimb, dataPrime, openSite, type Site } from './workspace.ts';

export { decompositionBytes, type RotationKey } from './key-switching.ts';
export type { ExtendedValue } from '../../../rns/memory/extended-layout.ts';
export type { ExtendedTerm } from './extended.ts';
export { workspaceBytes } from './workspace.ts';

export interface ProductTerm {
  readonly value: Value;
  /** Of the value's level or a higher one. */
  readonly plaintext: Value;
}

const nothing: Addend = { limb: () => 0, permutation: 0 };

export class Operations {
  private readonly site: Site;

  /**
   * Does not wait for the others: each member fills the constants, with the same bytes.
   * @param workspace address of `workspaceBytes` bytes that the team shares
   */
  constructor(context: SimdContext, team: Team, workspace: number) {
    this.site = openSite(context, team, workspace);
    const { factors, conversions, zero } = this.site.workspace;
    fillFactors(context, factors);
    fillConversions(context, conversions);
    new Float64Array(context.memory.buffer, zero, context.n).fill(0);
  }

  /** The sum of two or more, of the target's level, of 2 or 3 polynomials each. The target may be an operand. */
  add(summands: readonly Value[], target: Value): void {
    const { n } = this.site.context;
    this.eachLimb(target, (poly, j, { prime }) => {
      const longEnough = summands.filter(({ size }) => poly < size);
      const limbs = longEnough.map((value) => limbAt(value, n, poly, j));
      sumLimbs(this.site, limbs, limbAt(target, n, poly, j), prime);
    });
  }

  /** The target may be x. */
  addPlain(x: Value, plaintext: Value, target: Value): void {
    const { kernels, n } = this.site.context;
    this.eachLimb(x, (poly, j, { prime, from, to }) => {
      const limb = limbAt(x, n, poly, j);
      const sum = limbAt(target, n, poly, j);
      if (poly === 0) kernels.add(limb, limbAt(plaintext, n, 0, j), sum, prime, from, to);
      else copyLimb(this.site, limb, sum);
    });
  }

  /** The target may be x. */
  multiplyPlain(x: Value, plaintext: Value, target: Value): void {
    this.multiplyAccumulate([{ value: x, plaintext }], target);
  }

  /** Σ value·plaintext, in one sweep over all; of one level and size, at least one. With one term the target may be its value. */
  multiplyAccumulate(terms: readonly ProductTerm[], target: Value): void {
    const { context, team, desk } = this.site;
    const { n } = context;
    for (let j = 0; j <= target.level; j++) {
      for (let poly = 0; poly < target.size; poly += 2) {
        // The third polynomial of three has no partner, and is computed twice.
        const partner = poly + 1 < target.size ? poly + 1 : poly;
        const products = terms.map(({ value, plaintext }) => ({
          limb0: limbAt(value, n, poly, j),
          limb1: limbAt(value, n, partner, j),
          plaintext: limbAt(plaintext, n, 0, j),
        }));
        const target1 = partner === poly ? desk.scratch : limbAt(target, n, partner, j);
        sumLimbProducts(this.site, products, limbAt(target, n, poly, j), target1, dataPrime(this.site, j));
      }
    }
    team.barrier();
  }

  /** The product of two polynomials each has three; a square where both operands are the same. */
  multiply(x: Value, y: Value, target: Value): void {
    const { context, team } = this.site;
    const { kernels, n } = context;
    const { from, to } = range(team, n);
    for (let j = 0; j <= x.level; j++) {
      const prime = dataPrime(this.site, j);
      const [x0, x1] = [limbAt(x, n, 0, j), limbAt(x, n, 1, j)];
      const [t0, t1, t2] = [limbAt(target, n, 0, j), limbAt(target, n, 1, j), limbAt(target, n, 2, j)];
      if (x.address === y.address) kernels.square(x0, x1, t0, t1, t2, prime, from, to);
      else kernels.tensor(x0, x1, limbAt(y, n, 0, j), limbAt(y, n, 1, j), t0, t1, t2, prime, from, to);
    }
    team.barrier();
  }

  /** From three polynomials to two. The target may be x. */
  relinearize(x: Value, key: KeyPlace, target: Value): void {
    const { n } = this.site.context;
    const sums = this.switchRelinearized(x, key);
    divideBySpecial(this.site, sums, { limb: (poly, j) => limbAt(x, n, poly, j), permutation: 0 }, target);
  }

  /** As `relinearize` and then `rescale`, with fewer transforms. The target is one level lower. */
  relinearizeRescale(x: Value, key: KeyPlace, target: Value): void {
    divideTwice(this.site, this.switchRelinearized(x, key), x, target);
  }

  /** Of 2 or 3 polynomials; the target is one level lower. */
  rescale(x: Value, target: Value): void {
    rescale(this.site, x, target);
  }

  /** Of 2 or 3 polynomials; the target is of any lower level. */
  modSwitch(x: Value, target: Value): void {
    const { n } = this.site.context;
    this.eachLimb(target, (poly, j) => {
      copyLimb(this.site, limbAt(x, n, poly, j), limbAt(target, n, poly, j));
    });
  }

  /** The target may be x. */
  copy(x: Value, target: Value): void {
    this.modSwitch(x, target);
  }

  /** x, of level 0, under the sparse secret. The target may be x. */
  toSparse(x: Value, key: KeyPlace, target: Value): void {
    toSparse(this.site, x, key, target);
  }

  /** The coefficients of x, of level 0, centred, modulo all primes: the target is of the top level. */
  raiseModulus(x: Value, target: Value): void {
    raiseModulus(this.site, x, target);
  }

  /** x, whose coefficients are within half of the first prime, times an integer, under the secret of all other values. The target is not x. */
  toDense(x: Value, key: KeyPlace, factor: number, target: Value): void {
    toDense(this.site, x, key, factor, target);
  }

  /** The target may be x. */
  rotate(x: Value, { key, permutation }: RotationKey, target: Value): void {
    const sums = this.site.workspace.sums(x.level);
    this.switchRotated(x, key, permutation, sums, 'loose');
    divideBySpecial(this.site, sums, this.rotatedAddend(x, permutation, target), target);
  }

  /** All digits of polynomial 1, transformed modulo all primes: `decompositionBytes` bytes. */
  decompose(x: Value, digits: number): void {
    decompose(this.site, x, digits);
  }

  /** A rotation by the digits that `decompose` has made of x. The target may be x, which spoils the digits. */
  rotateDecomposed(x: Value, digits: number, key: RotationKey, target: Value): void {
    const sums = this.site.workspace.sums(x.level);
    switchDecomposed(this.site, x, digits, key, sums, 'loose');
    this.site.team.barrier();
    divideBySpecial(this.site, sums, this.rotatedAddend(x, key.permutation, target), target);
  }

  /** As `rotateDecomposed`, times P. */
  rotateExtended(x: Value, digits: number, key: RotationKey, target: ExtendedValue): void {
    rotateExtended(this.site, x, digits, key, target);
  }

  /** x·P. */
  extend(x: Value, target: ExtendedValue): void {
    extend(this.site, x, target);
  }

  /** Σ value·plaintext, at least one, of one level. With one term the target may be its value. */
  multiplyAccumulateExtended(terms: readonly ExtendedTerm[], target: ExtendedValue): void {
    multiplyAccumulateExtended(this.site, terms, target);
  }

  /** As `rotate`, times P. */
  rotateAloneExtended(x: Value, { key, permutation }: RotationKey, target: ExtendedValue): void {
    this.switchRotated(x, key, permutation, target, 'balanced');
    addRotated(this.site, x, permutation, target);
  }

  /** The sum of two or more, of one level. The target may be an operand. */
  addExtended(summands: readonly ExtendedValue[], target: ExtendedValue): void {
    addExtended(this.site, summands, target);
  }

  /** x / P, plus a ciphertext of two polynomials where there is one; the target may be that. */
  divideExtended(x: ExtendedValue, target: Value, addend?: Value): void {
    const { n } = this.site.context;
    const added = addend && { limb: (poly: number, j: number) => limbAt(addend, n, poly, j), permutation: 0 };
    divideBySpecial(this.site, x, added ?? nothing, target);
  }

  /** As `divideExtended` and then `rescale`, with fewer transforms. Spoils x. The target is one level lower. */
  divideExtendedRescale(x: ExtendedValue, target: Value, addend?: Value): void {
    divideTwice(this.site, x, addend, target);
  }

  /** The inner products of a rotation of x. */
  private switchRotated(
    x: Value,
    key: KeyPlace,
    permutation: number,
    target: ExtendedValue,
    reduction: Reduction,
  ): void {
    const { context, team, workspace } = this.site;
    const { n } = context;
    const rotated = (j: number): number => workspace.rotated + j * limbStride(n);
    share(team, x.level + 1, (j) => {
      context.kernels.permute(limbAt(x, n, 1, j), rotated(j), permutation, 0, n);
    });
    // Each member goes on with the limbs that it has permuted itself.
    toCoefficients(this.site, x.level, rotated);
    switchKey(this.site, key, rotated, target, reduction);
  }

  private switchRelinearized(x: Value, key: KeyPlace): ExtendedValue {
    if (x.size !== 3) throw new InternalError(`${x.size} polynomials are relinearised`);
    const { context, workspace } = this.site;
    const sums = workspace.sums(x.level);
    const limb = (j: number): number => limbAt(x, context.n, 2, j);
    toCoefficients(this.site, x.level, limb);
    switchKey(this.site, key, limb, sums, 'loose');
    return sums;
  }

  /** Polynomial 0 is rotated on the way, where the target is x in the member's own limb. */
  private rotatedAddend(x: Value, permutation: number, target: Value): Addend {
    const { context, desk } = this.site;
    const { kernels, n } = context;
    if (target.address !== x.address) return { limb: (poly, j) => (poly > 0 ? 0 : limbAt(x, n, 0, j)), permutation };
    const limb = (poly: number, j: number): number => {
      if (poly > 0) return 0;
      kernels.permute(limbAt(x, n, 0, j), desk.addend, permutation, 0, n);
      return desk.addend;
    };
    return { limb, permutation: 0 };
  }

  /** A phase: this member's range of every limb. */
  private eachLimb(
    { size, level }: Value,
    task: (
      poly: number,
      j: number,
      part: { readonly prime: number; readonly from: number; readonly to: number },
    ) => void,
  ): void {
    const { context, team } = this.site;
    const part = range(team, context.n);
    for (let poly = 0; poly < size; poly++) {
      for (let j = 0; j <= level; j++) task(poly, j, { prime: dataPrime(this.site, j), ...part });
    }
    team.barrier();
  }
}
