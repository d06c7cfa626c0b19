/**
 * Key switching up to the division by the special prime (SEAL 4.1, `switch_key_inplace`): digits of a polynomial, the
 * coefficients modulo each data prime lifted to [0, q), transformed modulo every prime, and their inner products with
 * the key.
 *
 * Two ways: at once, where each prime's digits are transformed and used up while they are in the cache, or decomposed
 * first, for many rotations of one value.
 */
import { InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import { type ExtendedValue, extendedLimbAt } from '../../../rns/memory/extended-layout.ts';
import { keyBlock, type KeyPlace, keyStride, limbAt, limbStride, type Value } from '../../../rns/memory/layout.ts';
import { range, share } from '../../../rns/team.ts';
import { dataPrime, extendedPrime, type Site } from './workspace.ts';

/** A Galois key and the address of the words that `fillPermutation` filled for its element. */
export interface RotationKey {
  readonly key: KeyPlace;
  readonly permutation: number;
}

/** Bytes of all digits of a polynomial: modulo each data prime all but its own, which is the limb itself. */
export function decompositionBytes(n: number, level: number): number {
  const count = level + 1;
  return count * count * limbStride(n);
}

/** What becomes of inner products: only a division takes those that are not balanced. */
export type Reduction = 'balanced' | 'loose';

/** Coefficients of a polynomial, whose limbs `limb` gives, into the workspace. A phase. */
export function toCoefficients(site: Site, level: number, limb: (j: number) => number): void {
  const { context, team, workspace } = site;
  const stride = limbStride(context.n);
  share(team, level + 1, (j) => {
    context.kernels.inverseFrom(limb(j), workspace.coefficients + j * stride, dataPrime(site, j));
  });
  team.barrier();
}

/**
 * The inner products of the polynomial whose coefficients are in the workspace and whose limbs `limb` gives, into
 * `target`. Two phases, or one where the primes can be dealt out evenly.
 */
export function switchKey(
  site: Site,
  key: KeyPlace,
  limb: (j: number) => number,
  target: ExtendedValue,
  reduction: Reduction,
): void {
  const { team, workspace, context } = site;
  const { level } = target;
  const targets = level + 2;
  // Primes that are left when each member has as many as any other: their transforms are dealt out one by one.
  const left = targets % team.size;
  const stride = limbStride(context.n);
  const slot = (k: number): number => {
    const address = workspace.slots[k];
    if (address === undefined) throw new InternalError(`the workspace has no slot ${k}`);
    return address;
  };
  const ownSlot = slot(left + Math.min(team.index, targets - left - 1));
  const leftPrime = (k: number): number => level + 1 - k;
  const digitsOf = (target: number, slot: number): ((j: number) => number) => {
    return (j) => (j === target ? limb(j) : slot + j * stride);
  };
  const transform = (j: number, target: number, slot: number): void => {
    const lift = context.parameters.primes[j] ?? 0;
    const source = workspace.coefficients + j * stride;
    context.kernels.forwardFrom(source, lift, slot + j * stride, extendedPrime(site, level, target));
  };

  share(team, left * (level + 1), (task) => {
    const k = Math.floor(task / (level + 1));
    const j = task % (level + 1);
    if (j !== leftPrime(k)) transform(j, leftPrime(k), slot(k));
  });
  share(team, targets - left, (prime) => {
    for (let j = 0; j <= level; j++) if (j !== prime) transform(j, prime, ownSlot);
    const digit = digitsOf(prime, ownSlot);
    innerProduct(site, { key, digit, permutation: 0, target, prime, reduction, from: 0, to: context.n });
  });
  team.barrier();
  if (left === 0) return;
  for (let k = 0; k < left; k++) {
    const prime = leftPrime(k);
    const digit = digitsOf(prime, slot(k));
    innerProduct(site, { key, digit, permutation: 0, target, prime, reduction, ...range(team, context.n) });
  }
  team.barrier();
}

/** All digits of polynomial 1 of a value, transformed modulo all primes, to `digits`. */
export function decompose(site: Site, x: Value, digits: number): void {
  const { context, team, workspace } = site;
  const { level } = x;
  const stride = limbStride(context.n);
  toCoefficients(site, level, (j) => limbAt(x, context.n, 1, j));
  share(team, (level + 1) * (level + 1), (task) => {
    const j = Math.floor(task / (level + 1));
    // Of level + 2 primes digit j skips its own.
    const k = task % (level + 1);
    const prime = k < j ? k : k + 1;
    const lift = context.parameters.primes[j] ?? 0;
    const target = decomposedDigit(digits, context.n, level, prime, j);
    context.kernels.forwardFrom(workspace.coefficients + j * stride, lift, target, extendedPrime(site, level, prime));
  });
  team.barrier();
}

/**
 * The inner products of a rotation of x, whose digits `decompose` has put to `digits`, into `target`: each member's range
 * of elements. The caller ends the phase.
 */
export function switchDecomposed(
  site: Site,
  x: Value,
  digits: number,
  { key, permutation }: RotationKey,
  target: ExtendedValue,
  reduction: Reduction,
): void {
  const { context, team } = site;
  const { level } = x;
  for (let prime = 0; prime <= level + 1; prime++) {
    const digit = (j: number): number =>
      j === prime ? limbAt(x, context.n, 1, j) : decomposedDigit(digits, context.n, level, prime, j);
    innerProduct(site, { key, digit, permutation, target, prime, reduction, ...range(team, context.n) });
  }
}

/** Where digit j ≠ prime is: the digits of a prime stand side by side. */
function decomposedDigit(digits: number, n: number, level: number, prime: number, j: number): number {
  const before = Math.min(prime, level + 1) * level;
  return digits + (before + (j < prime ? j : j - 1)) * limbStride(n);
}

interface InnerProduct {
  readonly key: KeyPlace;
  readonly digit: (j: number) => number;
  readonly permutation: number;
  readonly target: ExtendedValue;
  readonly prime: number;
  /** Of data primes; what is to be transformed back is always balanced. */
  readonly reduction: Reduction;
  readonly from: number;
  readonly to: number;
}

function innerProduct(site: Site, { key, digit, permutation, target, prime, reduction, from, to }: InnerProduct): void {
  const { context, desk } = site;
  const { level } = target;
  const words = new Uint32Array(context.memory.buffer, desk.digits, level + 1);
  for (let j = 0; j <= level; j++) words[j] = digit(j);
  context.kernels.inner(
    desk.digits,
    level + 1,
    keyBlock(key, context.n, prime <= level ? prime : key.level + 1),
    keyStride(key.level),
    permutation,
    extendedLimbAt(target, context.n, 0, prime),
    extendedLimbAt(target, context.n, 1, prime),
    extendedPrime(site, level, prime),
    reduction === 'loose' && prime <= level ? 1 : 0,
    from,
    to,
  );
}
