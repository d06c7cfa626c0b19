/**
 * Conversions of residues from a few primes to all others: from those of a digit, and from the special ones. Constants lie
 * in a table, and the coefficients of the sources are left by the inverse transforms as the kernel `convert` wants them,
 * times the inverse of the other sources.
 */
import { InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import { modularPower } from '../../../../ir/maths/modular.ts';
import { allPrimes, type Parameters, productOf } from '../../../../ir/parameters.ts';
import { keyDigits } from '../../../../ir/ckks/switching-keys.ts';
import type { SimdContext } from '../../../rns/memory/context.ts';
import { limbStride } from '../../../rns/memory/layout.ts';
import { balance, writeFactor } from './factors.ts';

const pairBytes = 16;

/** From `count` ≥ 2 consecutive primes. */
export interface Conversion {
  /** Of the records of primes: the first source. */
  readonly first: number;
  readonly count: number;
  /** Of its constants. */
  readonly address: number;
}

/** All conversions of a plan. */
export interface Conversions {
  /** From the first `count` ≥ 2 primes of digit `digit`. */
  readonly fromDigit: (digit: number, count: number) => Conversion;
  /** From the special primes, where there are several. */
  readonly fromSpecial: Conversion | undefined;
  /** The address of constants for r/P + x modulo each data prime: r from the special primes, x as it is. */
  readonly overSpecial: number;
  readonly all: readonly Conversion[];
  readonly bytes: number;
}

/** @param address of the table */
export function layOutConversions(parameters: Parameters, address: number): Conversions {
  const targets = allPrimes(parameters).length;
  const all: Conversion[] = [];
  let end = address;
  const take = (first: number, count: number): Conversion => {
    const conversion = { first, count, address: end };
    end += pairBytes * (count + targets * (count + 1));
    all.push(conversion);
    return conversion;
  };
  const { primes, specialPrimes } = parameters;
  const ofDigits = keyDigits(parameters).map(({ from, to }) =>
    Array.from({ length: to - from - 1 }, (_, k) => take(from, k + 2)),
  );
  const fromDigit = (digit: number, count: number): Conversion => {
    const conversion = ofDigits[digit]?.[count - 2];
    if (conversion === undefined)
      throw new InternalError(`there is no conversion of digit ${digit} from ${count} primes`);
    return conversion;
  };
  const fromSpecial = specialPrimes.length > 1 ? take(primes.length, specialPrimes.length) : undefined;
  const overSpecial = end;
  end += primes.length * overBytes(parameters);
  return { fromDigit, fromSpecial, overSpecial, all, bytes: end - address };
}

/** For one data prime. */
function overBytes({ specialPrimes }: Pick<Parameters, 'specialPrimes'>): number {
  return pairBytes * (specialPrimes.length + 2);
}

/** Fills the table. Whoever does it again writes the same bytes. */
export function fillConversions(context: SimdContext, { all, overSpecial }: Conversions): void {
  for (const conversion of all) fillConversion(context, conversion);
  fillOverSpecial(context, overSpecial);
}

function fillConversion({ memory, parameters, n }: SimdContext, conversion: Conversion): void {
  const view = new DataView(memory.buffer);
  const primes = allPrimes(parameters);
  const sources = primes.slice(conversion.first, conversion.first + conversion.count);
  const product = productOf(sources);
  for (const [i, q] of sources.entries()) {
    const modulus = BigInt(q);
    const others = ((product / modulus) * BigInt(n)) % modulus;
    writeFactor(view, sourceFactorAt(conversion, i), modularPower(others, modulus - 2n, modulus), q);
  }
  for (const [target, q] of primes.entries()) {
    let address = constantsAt(conversion, target);
    for (const source of sources) {
      writeTerm(view, address, (product / BigInt(source)) % BigInt(q), q, 1 / source);
      address += pairBytes;
    }
    writeTerm(view, address, -product % BigInt(q), q, 0);
  }
}

/** (P/p_i)/P for each special prime p_i, one for x, and −P/P. */
function fillOverSpecial({ memory, parameters }: SimdContext, overSpecial: number): void {
  const view = new DataView(memory.buffer);
  for (const [j, q] of parameters.primes.entries()) {
    let address = overSpecial + j * overBytes(parameters);
    const modulus = BigInt(q);
    for (const special of parameters.specialPrimes) {
      writeTerm(view, address, modularPower(BigInt(special), modulus - 2n, modulus), q, 1 / special);
      address += pairBytes;
    }
    writeTerm(view, address, 1n, q, 0);
    writeTerm(view, address + pairBytes, -1n, q, 0);
  }
}

/** @param residue of any sign, less than q in absolute value */
function writeTerm(view: DataView, address: number, residue: bigint, q: number, reciprocal: number): void {
  view.setFloat64(address, balance(residue < 0n ? residue + BigInt(q) : residue, q), true);
  view.setFloat64(address + 8, reciprocal, true);
}

/** The factor of `inverseTimes` for source i. */
export function sourceFactorAt({ address }: Conversion, i: number): number {
  return address + pairBytes * i;
}

/**
 * The transform of what `inverseTimes` has left of all sources.
 * @param source limb of the first one; the others follow
 * @param prime number of the target among the records of primes
 */
export function forwardConverted(
  { kernels, primes, n }: SimdContext,
  conversion: Conversion,
  source: number,
  target: number,
  prime: number,
): void {
  const constants = constantsAt(conversion, prime);
  kernels.forwardConverted(source, limbStride(n), conversion.count, constants, target, primes[prime] ?? 0);
}

/** The transform of r/P + x modulo data prime j: the limbs of r as for a conversion, and then that of x. */
export function forwardOverSpecial(
  { kernels, parameters, primes, n }: SimdContext,
  { overSpecial }: Conversions,
  source: number,
  target: number,
  j: number,
): void {
  const constants = overSpecial + j * overBytes(parameters);
  const count = parameters.specialPrimes.length + 1;
  kernels.forwardConverted(source, limbStride(n), count, constants, target, primes[j] ?? 0);
}

function constantsAt({ address, count }: Conversion, target: number): number {
  return address + pairBytes * (count + target * (count + 1));
}
