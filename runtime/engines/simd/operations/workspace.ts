/**
 * The memory in which operations keep intermediate results, shared by the team like the operands, and everything else
 * that they work with. No value survives an operation in it but the constants.
 */
import { InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import { allPrimes, type Parameters } from '../../../../ir/parameters.ts';
import { keyDigits } from '../../../../ir/ckks/switching-keys.ts';
import { addressBytes } from '../../../rns/memory/addresses.ts';
import type { SimdContext } from '../../../rns/memory/context.ts';
import { type ExtendedValue, extendedBytes } from '../../../rns/memory/extended-layout.ts';
import { type Conversions, layOutConversions } from './conversion.ts';
import { factorBytes } from './factors.ts';
import { limbStride, partialSumBytes } from '../../../rns/memory/layout.ts';
import { range, type Team } from '../../../rns/team.ts';

/** Members that a workspace is laid out for where nothing else is said. */
const mostMembers = 16;

/** Products that one sweep of `multiplyAccumulate` takes. */
export const termCapacity = 1024;
export const termBytes = 3 * addressBytes;

/** Polynomials of the largest value. */
const mostPolynomials = 3;

/** A member's own part. */
export interface Desk {
  readonly scratch: number;
  /** A second limb, for an addend. */
  readonly addend: number;
  /** Records of `multiplyAccumulate`. */
  readonly terms: number;
  /** Its partial sums. */
  readonly partials: number;
  /** Addresses of digits. */
  readonly digits: number;
}

export interface Workspace {
  /** See `factors.ts`. */
  readonly factors: number;
  readonly conversions: Conversions;
  /** A limb of zeros. */
  readonly zero: number;
  /** A limb for each data prime: the polynomial that a key is switched for, transformed, if the operand is not itself. */
  readonly rotated: number;
  /** A limb for each data prime: its coefficients, times the factors of its digits' conversions. */
  readonly coefficients: number;
  /** Digits modulo one prime: `slots` of them, each with a limb for each digit. */
  readonly slots: readonly number[];
  /** Where an inner product at this level goes. */
  readonly sums: (level: number) => ExtendedValue;
  /** Limbs of each polynomial: the coefficients by which a rescaling divides; or those of the special primes, and one more. */
  readonly remainders: readonly number[];
  readonly desks: readonly Desk[];
}

/** What an operation works with. */
export interface Site {
  readonly context: SimdContext;
  readonly team: Team;
  readonly workspace: Workspace;
  readonly desk: Desk;
}

/**
 * Bytes of the workspace of a team with at most `members` members. It grows with them: each transforms digits for
 * another prime.
 */
export function workspaceBytes(parameters: Parameters, members: number = mostMembers): number {
  return layOut(parameters, members, 0).bytes;
}

/** The part of a member of a team in the workspace at an address, which has the bytes that the team needs or more. */
export function openSite(context: SimdContext, team: Team, address: number): Site {
  const { workspace } = layOut(context.parameters, team.size, address);
  const desk = workspace.desks[team.index];
  if (desk === undefined) throw new InternalError(`member ${team.index} of a team of ${team.size}`);
  return { context, team, workspace, desk };
}

/** The record of a data prime. */
export function dataPrime({ context }: Site, j: number): number {
  const record = context.primes[j];
  if (record === undefined || j >= context.parameters.primes.length) throw new InternalError(`there is no prime ${j}`);
  return record;
}

/** The number of a prime of the extended basis of a level among all records: special ones from level + 1 on. */
export function primeNumber({ context }: Site, level: number, prime: number): number {
  return prime <= level ? prime : context.parameters.primes.length + prime - level - 1;
}

/** The record of a prime of the extended basis of a level. */
export function extendedPrime(site: Site, level: number, prime: number): number {
  const record = site.context.primes[primeNumber(site, level, prime)];
  if (record === undefined) throw new InternalError(`there is no prime ${prime}`);
  return record;
}

/** Where the coefficients of limbs are kept by which polynomial `poly` is divided. */
export function remainderAt({ workspace }: Site, poly: number): number {
  const address = workspace.remainders[poly];
  if (address === undefined) throw new InternalError(`the workspace has no remainder ${poly}`);
  return address;
}

/** Copies this member's range of a limb. */
export function copyLimb({ context, team }: Site, source: number, target: number): void {
  if (source === target) return;
  const { from, to } = range(team, context.n);
  const doubles = new Float64Array(context.memory.buffer);
  doubles.copyWithin(target / 8 + from, source / 8 + from, source / 8 + to);
}

/** A slot for the prime of each member, and for those that are left for all together. */
function slotCount(targets: number, members: number): number {
  return Math.min(targets, 2 * members - 1);
}

function layOut(
  parameters: Parameters,
  members: number,
  address: number,
): { readonly workspace: Workspace; readonly bytes: number } {
  const { polyModulusDegree: n, primes, specialPrimes } = parameters;
  const digits = keyDigits(parameters).length;
  const stride = limbStride(n);
  let end = address;
  const take = (bytes: number): number => {
    const start = end;
    end += bytes;
    return start;
  };
  const takeLimbs = (count: number): number => take(count * stride);
  const factors = take(factorBytes(parameters));
  const conversions = layOutConversions(parameters, end);
  take(conversions.bytes);
  const sums = take(extendedBytes(parameters, primes.length - 1));
  const workspace: Workspace = {
    factors,
    conversions,
    zero: takeLimbs(1),
    rotated: takeLimbs(primes.length),
    coefficients: takeLimbs(primes.length),
    slots: Array.from({ length: slotCount(allPrimes(parameters).length, members) }, () => takeLimbs(digits)),
    sums: (level) => ({ address: sums, level }),
    remainders: Array.from({ length: mostPolynomials }, () => takeLimbs(specialPrimes.length + 1)),
    desks: Array.from({ length: members }, () => ({
      scratch: takeLimbs(1),
      addend: takeLimbs(1),
      terms: take(termCapacity * termBytes),
      partials: take(partialSumBytes),
      digits: take(2 * addressBytes * Math.ceil(digits / 2)),
    })),
  };
  return { workspace, bytes: end - address };
}
