/**
 * Arithmetic in the extended basis (double hoisting: Bossuat, Mouchet, Troncoso-Pastoriza, Hubaux, "Efficient
 * Bootstrapping for Approximate Homomorphic Encryption with Non-Sparse Keys", Eurocrypt 2021, section 4): rotations stay
 * times P, their products with plaintexts are summed modulo all primes, and one division by P ends the sum.
 */
import {
  type ExtendedPlaintext,
  type ExtendedValue,
  extendedLimbAt,
  extendedPrimes,
} from '../../../rns/memory/extended-layout.ts';
import { specialAt } from './factors.ts';
import { type RotationKey, switchDecomposed } from './key-switching.ts';
import { limbAt, limbStride, type Value } from '../../../rns/memory/layout.ts';
import { sumLimbs } from './sums.ts';
import { sumLimbProducts } from './sums-of-products.ts';
import { range } from '../../../rns/team.ts';
import { copyLimb, dataPrime, extendedPrime, type Site } from './workspace.ts';

export interface ExtendedTerm {
  readonly value: ExtendedValue;
  /** Of the value's level or a higher one. */
  readonly plaintext: ExtendedPlaintext;
}

/** A rotation of x times P, from the digits that `decompose` has made of x. */
export function rotateExtended(site: Site, x: Value, digits: number, key: RotationKey, target: ExtendedValue): void {
  switchDecomposed(site, x, digits, key, target, 'balanced', (j) => limbAt(x, site.context.n, 0, j));
  site.team.barrier();
}

/** Adds P times polynomial 0 of x, rotated: what the inner products of a rotation of x lack. */
export function addRotated(site: Site, x: Value, permutation: number, target: ExtendedValue): void {
  const { context, team, workspace } = site;
  const { kernels, n, parameters } = context;
  const { from, to } = range(team, n);
  for (let j = 0; j <= x.level; j++) {
    const limb = extendedLimbAt(context, target, 0, j);
    const special = specialAt(parameters, workspace.factors, j);
    kernels.addPermuted(limbAt(x, n, 0, j), permutation, special, limb, dataPrime(site, j), from, to);
  }
  team.barrier();
}

/** x·P. */
export function extend(site: Site, x: Value, target: ExtendedValue): void {
  const { context, team, workspace } = site;
  const { kernels, n, parameters } = context;
  const { from, to } = range(team, n);
  for (let poly = 0; poly < 2; poly++) {
    for (let j = 0; j <= x.level; j++) {
      const special = specialAt(parameters, workspace.factors, j);
      const limb = extendedLimbAt(context, target, poly, j);
      kernels.divide(limbAt(x, n, poly, j), workspace.zero, special, 0, 0, limb, dataPrime(site, j), from, to);
    }
    for (let prime = x.level + 1; prime < extendedPrimes(parameters, x.level); prime++)
      copyLimb(site, workspace.zero, extendedLimbAt(context, target, poly, prime));
  }
  team.barrier();
}

/** The sum of two or more; the target may be an operand. */
export function addExtended(site: Site, summands: readonly ExtendedValue[], target: ExtendedValue): void {
  const { context, team } = site;
  const { level } = target;
  for (let poly = 0; poly < 2; poly++) {
    for (let prime = 0; prime < extendedPrimes(context.parameters, level); prime++) {
      const at = (value: ExtendedValue): number => extendedLimbAt(context, value, poly, prime);
      sumLimbs(site, summands.map(at), at(target), extendedPrime(site, level, prime));
    }
  }
  team.barrier();
}

/** Σ value·plaintext; with one term the target may be its value. */
export function multiplyAccumulateExtended(site: Site, terms: readonly ExtendedTerm[], target: ExtendedValue): void {
  const { context, team } = site;
  const { n } = context;
  const { level } = target;
  for (let prime = 0; prime < extendedPrimes(context.parameters, level); prime++) {
    const limbs = terms.map(({ value, plaintext }) => ({
      limb0: extendedLimbAt(context, value, 0, prime),
      limb1: extendedLimbAt(context, value, 1, prime),
      plaintext: plaintext.address + (prime <= level ? prime : plaintext.level + prime - level) * limbStride(n),
    }));
    const target0 = extendedLimbAt(context, target, 0, prime);
    const target1 = extendedLimbAt(context, target, 1, prime);
    sumLimbProducts(site, limbs, target0, target1, extendedPrime(site, level, prime));
  }
  team.barrier();
}
