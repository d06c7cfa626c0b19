/**
 * Key switching up to the division by the special primes: digits of a polynomial (`ir/ckks/switching-keys.ts`), transformed modulo
 * every prime, and their inner products with the key. With one special prime a digit is the coefficients modulo one data
 * prime, lifted to [0, q), as SEAL 4.1 has it (`switch_key_inplace`); with several it is centred.
 *
 * Two ways: at once, where each prime's digits are transformed and used up while they are in the cache, or decomposed
 * first, for many rotations of one value.
 */
import { InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import type { Parameters } from '../../../../ir/parameters.ts';
import { type KeyDigit, keyDigitsAt } from '../../../../ir/ckks/switching-keys.ts';
import { putAddress } from '../../../rns/memory/addresses.ts';
import { type ExtendedValue, extendedLimbAt, extendedPrimes } from '../../../rns/memory/extended-layout.ts';
import { keyBlock, type KeyPlace, keyStride, limbAt, limbStride, type Value } from '../../../rns/memory/layout.ts';
import { range, share } from '../../../rns/team.ts';
import { forwardConverted, sourceFactorAt } from './conversion.ts';
import { specialAt } from './factors.ts';
import { dataPrime, extendedPrime, primeNumber, type Site } from './workspace.ts';

/** A Galois key and the address of the words that `fillPermutation` filled for its element. */
export interface RotationKey {
  readonly key: KeyPlace;
  readonly permutation: number;
}

/** Bytes of all digits of a polynomial: modulo every prime, but for those of the digit itself, where it is the limbs. */
export function decompositionBytes(parameters: Parameters, level: number): number {
  const digits = keyDigitsAt(parameters, level).length;
  return (digits * extendedPrimes(parameters, level) - (level + 1)) * limbStride(parameters.polyModulusDegree);
}

/** What becomes of inner products: only a division takes those that are not balanced. */
export type Reduction = 'balanced' | 'loose';

/** Coefficients of a polynomial, whose limbs `limb` gives, into the workspace, as its digits are made of them. A phase. */
export function toCoefficients(site: Site, level: number, limb: (j: number) => number): void {
  const { context, team, workspace } = site;
  const { kernels } = context;
  const stride = limbStride(context.n);
  const digits = digitsOf(site, level);
  share(team, level + 1, (j) => {
    const target = workspace.coefficients + j * stride;
    const d = digits.findIndex(({ to }) => j < to);
    const { from, to } = digits[d] ?? { from: j, to: j + 1 };
    if (to - from === 1) kernels.inverseFrom(limb(j), target, dataPrime(site, j));
    else {
      const factor = sourceFactorAt(workspace.conversions.fromDigit(d, to - from), j - from);
      kernels.inverseTimes(limb(j), target, factor, dataPrime(site, j));
    }
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
  const digits = digitsOf(site, level);
  const targets = extendedPrimes(context.parameters, level);
  // Primes that are left when each member has as many as any other: their transforms are dealt out one by one.
  const left = targets % team.size;
  const stride = limbStride(context.n);
  const slot = (k: number): number => {
    const address = workspace.slots[k];
    if (address === undefined) throw new InternalError(`the workspace has no slot ${k}`);
    return address;
  };
  const ownSlot = slot(left + Math.min(team.index, targets - left - 1));
  const leftPrime = (k: number): number => targets - 1 - k;
  const digitFor = (prime: number, slot: number): ((d: number) => number) => {
    return (d) => (isOwn(digits, d, prime) ? limb(prime) : slot + d * stride);
  };

  share(team, left * digits.length, (task) => {
    const k = Math.floor(task / digits.length);
    const d = task % digits.length;
    const prime = leftPrime(k);
    if (!isOwn(digits, d, prime)) transformDigit(site, level, d, prime, slot(k) + d * stride);
  });
  share(team, targets - left, (prime) => {
    for (let d = 0; d < digits.length; d++)
      if (!isOwn(digits, d, prime)) transformDigit(site, level, d, prime, ownSlot + d * stride);
    const digit = digitFor(prime, ownSlot);
    innerProduct(site, { key, digit, permutation: 0, target, prime, reduction, from: 0, to: context.n });
  });
  team.barrier();
  if (left === 0) return;
  for (let k = 0; k < left; k++) {
    const prime = leftPrime(k);
    const digit = digitFor(prime, slot(k));
    innerProduct(site, { key, digit, permutation: 0, target, prime, reduction, ...range(team, context.n) });
  }
  team.barrier();
}

/** All digits of polynomial 1 of a value, transformed modulo all primes, to `digits`. */
export function decompose(site: Site, x: Value, digits: number): void {
  const { context, team } = site;
  const { level } = x;
  const groups = digitsOf(site, level);
  toCoefficients(site, level, (j) => limbAt(x, context.n, 1, j));
  const tasks: (() => void)[] = [];
  for (let prime = 0; prime < extendedPrimes(context.parameters, level); prime++) {
    for (let d = 0; d < groups.length; d++) {
      if (isOwn(groups, d, prime)) continue;
      tasks.push(() => {
        transformDigit(site, level, d, prime, decomposedDigit(site, digits, level, prime, d));
      });
    }
  }
  share(team, tasks.length, (k) => tasks[k]?.());
  team.barrier();
}

/**
 * The inner products of a rotation of x, whose digits `decompose` has put to `digits`, into `target`: each member's range
 * of elements. The caller ends the phase.
 * @param addend gives limbs of a polynomial of which the rotation, times P, is added to polynomial 0; 0 for none
 */
export function switchDecomposed(
  site: Site,
  x: Value,
  digits: number,
  { key, permutation }: RotationKey,
  target: ExtendedValue,
  reduction: Reduction,
  addend: (prime: number) => number = () => 0,
): void {
  const { context, team } = site;
  const { level } = x;
  const groups = digitsOf(site, level);
  for (let prime = 0; prime < extendedPrimes(context.parameters, level); prime++) {
    const digit = (d: number): number =>
      isOwn(groups, d, prime) ? limbAt(x, context.n, 1, prime) : decomposedDigit(site, digits, level, prime, d);
    const added = prime <= level ? addend(prime) : 0;
    innerProduct(site, { key, digit, permutation, addend: added, target, prime, reduction, ...range(team, context.n) });
  }
}

function digitsOf({ context }: Site, level: number): readonly KeyDigit[] {
  const digits = context.digits[level];
  if (digits === undefined) throw new InternalError(`there is no level ${level}`);
  return digits;
}

/** Whether a prime of the extended basis is one of digit d, whose residues there are the limb itself. */
function isOwn(digits: readonly KeyDigit[], d: number, prime: number): boolean {
  const digit = digits[d];
  return digit !== undefined && digit.from <= prime && prime < digit.to;
}

/** Digit d of the coefficients in the workspace, transformed modulo a prime of the extended basis that is not its own. */
function transformDigit(site: Site, level: number, d: number, prime: number, target: number): void {
  const { context, workspace } = site;
  const { kernels, parameters } = context;
  const { from, to } = digitsOf(site, level)[d] ?? { from: 0, to: 0 };
  const source = workspace.coefficients + from * limbStride(context.n);
  const record = extendedPrime(site, level, prime);
  if (to - from === 1) {
    const lift = parameters.specialPrimes.length === 1 ? (parameters.primes[from] ?? 0) : 0;
    kernels.forwardFrom(source, lift, target, record);
    return;
  }
  const conversion = workspace.conversions.fromDigit(d, to - from);
  forwardConverted(context, conversion, source, target, primeNumber(site, level, prime));
}

/** Where digit d is modulo a prime that is not its own: the digits of a prime stand side by side. */
function decomposedDigit(site: Site, address: number, level: number, prime: number, d: number): number {
  const digits = digitsOf(site, level);
  const isData = prime <= level;
  // Each data prime before it has all digits but its own.
  const before = prime * digits.length - Math.min(prime, level + 1);
  const skipped = isData && (digits[d]?.from ?? 0) > prime ? 1 : 0;
  return address + (before + d - skipped) * limbStride(site.context.n);
}

interface InnerProduct {
  readonly key: KeyPlace;
  readonly digit: (d: number) => number;
  readonly permutation: number;
  /** A limb of which the rotation, times P, is added to polynomial 0; none where it is 0 or not there. */
  readonly addend?: number;
  readonly target: ExtendedValue;
  /** Of the extended basis. */
  readonly prime: number;
  /** Of data primes; what is to be transformed back is always balanced. */
  readonly reduction: Reduction;
  readonly from: number;
  readonly to: number;
}

function innerProduct(
  site: Site,
  { key, digit, permutation, addend = 0, target, prime, reduction, from, to }: InnerProduct,
): void {
  const { context, desk, workspace } = site;
  const { level } = target;
  const count = digitsOf(site, level).length;
  const words = new Uint32Array(context.memory.buffer, desk.digits, 2 * count);
  for (let d = 0; d < count; d++) putAddress(words, d, digit(d));
  context.kernels.inner(
    desk.digits,
    count,
    keyBlock(key, context.n, prime <= level ? prime : key.level + prime - level),
    keyStride(key),
    permutation,
    addend,
    addend === 0 ? 0 : specialAt(context.parameters, workspace.factors, prime),
    extendedLimbAt(context, target, 0, prime),
    extendedLimbAt(context, target, 1, prime),
    extendedPrime(site, level, prime),
    reduction === 'loose' && prime <= level ? 1 : 0,
    from,
    to,
  );
}
