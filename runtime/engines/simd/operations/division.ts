/**
 * Divisions by a prime or by P, the product of the special ones, rounded: (x − r)/q for r the centred remainder of x modulo q (SEAL 4.1, the end of
 * `switch_key_inplace` and `divide_and_round_q_last_ntt_inplace`, where r appears as a floor after adding q/2).
 */
import { type ExtendedValue, extendedLimbAt } from '../../../rns/memory/extended-layout.ts';
import { forwardConverted, forwardOverSpecial, sourceFactorAt } from './conversion.ts';
import { inverseAt } from './factors.ts';
import { limbAt, limbStride, type Value } from '../../../rns/memory/layout.ts';
import { share } from '../../../rns/team.ts';
import { dataPrime, extendedPrime, remainderAt, type Site } from './workspace.ts';

/** What a division adds to its result: the address of limb j for a polynomial, or 0 for nothing. */
export interface Addend {
  readonly limb: (poly: number, j: number) => number;
  /** Through which it is read, 0 for none; what is read through one is not the target. */
  readonly permutation: number;
}

/** x / P + addend, the end of a key switch; x may have loose sums. */
export function divideBySpecial(site: Site, x: ExtendedValue, addend: Addend, target: Value): void {
  const { context, team, workspace, desk } = site;
  const { kernels, n, parameters } = context;
  const limbs = x.level + 1;
  const count = parameters.specialPrimes.length;
  share(team, 2 * count, (task) => {
    remainderBySpecial(site, x, Math.floor(task / count), task % count);
  });
  team.barrier();
  share(team, 2 * limbs, (task) => {
    const poly = Math.floor(task / limbs);
    const j = task % limbs;
    const prime = dataPrime(site, j);
    transformRemainder(site, poly, j, desk.scratch);
    const factor = inverseAt(parameters, workspace.factors, parameters.primes.length, j);
    const limb = extendedLimbAt(context, x, poly, j);
    const added = addend.limb(poly, j);
    const result = limbAt(target, n, poly, j);
    kernels.divide(limb, desk.scratch, factor, added, addend.permutation, result, prime, 0, n);
  });
  team.barrier();
}

/** The coefficients of x modulo special prime k, ready for a conversion. */
function remainderBySpecial(site: Site, x: ExtendedValue, poly: number, k: number): void {
  const { context, workspace } = site;
  const { kernels, n } = context;
  const prime = x.level + 1 + k;
  const source = extendedLimbAt(context, x, poly, prime);
  const target = remainderAt(site, poly) + k * limbStride(n);
  const record = extendedPrime(site, x.level, prime);
  const { fromSpecial } = workspace.conversions;
  if (fromSpecial === undefined) kernels.inverseFrom(source, target, record);
  else kernels.inverseTimes(source, target, sourceFactorAt(fromSpecial, k), record);
}

/** The remainder modulo P of a polynomial, transformed modulo prime j, to `target`. */
function transformRemainder(site: Site, poly: number, j: number, target: number): void {
  const { context, workspace } = site;
  const { fromSpecial } = workspace.conversions;
  const remainder = remainderAt(site, poly);
  if (fromSpecial === undefined) context.kernels.forwardFrom(remainder, 0, target, dataPrime(site, j));
  else forwardConverted(context, fromSpecial, remainder, target, j);
}

/** x divided by the prime of its level; the target is no operand. */
export function rescale(site: Site, x: Value, target: Value): void {
  const { context, team, workspace, desk } = site;
  const { kernels, n, parameters } = context;
  const { level, size } = x;
  share(team, size, (poly) => {
    kernels.inverseFrom(limbAt(x, n, poly, level), remainderAt(site, poly), dataPrime(site, level));
  });
  team.barrier();
  share(team, size * level, (task) => {
    const poly = Math.floor(task / level);
    const j = task % level;
    const prime = dataPrime(site, j);
    kernels.forwardFrom(remainderAt(site, poly), 0, desk.scratch, prime);
    const factor = inverseAt(parameters, workspace.factors, level, j);
    kernels.divide(limbAt(x, n, poly, j), desk.scratch, factor, 0, 0, limbAt(target, n, poly, j), prime, 0, n);
  });
  team.barrier();
}

/**
 * (x / P + addend) / q, for P the product of the special primes and q the prime of the level, with the bits of one division after the other.
 * With r the remainder modulo P, and v that of y = (x − r)/P + addend modulo q, modulo another prime
 *
 *   (y − v)/q = (x/P + addend − (r/P + v))/q,
 *
 * so that r/P + v, on coefficients, needs one transform where r and v would need two. Spoils x, which may have loose sums.
 * @param addend of at least the level of x; nothing is added where there is none
 */
export function divideTwice(site: Site, x: ExtendedValue, addend: Value | undefined, target: Value): void {
  const { context, team, workspace, desk } = site;
  const { kernels, n, parameters } = context;
  const { level } = x;
  const { factors, zero } = workspace;
  const inverseOfSpecial = (j: number): number => inverseAt(parameters, factors, parameters.primes.length, j);
  const addendAt = (poly: number, j: number): number => (addend === undefined ? 0 : limbAt(addend, n, poly, j));
  share(team, 2, (poly) => {
    const last = extendedLimbAt(context, x, poly, level);
    const prime = dataPrime(site, level);
    for (let k = 0; k < parameters.specialPrimes.length; k++) remainderBySpecial(site, x, poly, k);
    transformRemainder(site, poly, level, desk.scratch);
    kernels.divide(last, desk.scratch, inverseOfSpecial(level), addendAt(poly, level), 0, last, prime, 0, n);
    kernels.inverseFrom(last, remainderAt(site, poly) + parameters.specialPrimes.length * limbStride(n), prime);
  });
  team.barrier();
  share(team, 2 * level, (task) => {
    const poly = Math.floor(task / level);
    const j = task % level;
    const prime = dataPrime(site, j);
    forwardOverSpecial(context, workspace.conversions, remainderAt(site, poly), desk.scratch, j);
    const limb = extendedLimbAt(context, x, poly, j);
    kernels.divide(limb, zero, inverseOfSpecial(j), addendAt(poly, j), 0, limb, prime, 0, n);
    const inverse = inverseAt(parameters, factors, level, j);
    kernels.divide(limb, desk.scratch, inverse, 0, 0, limbAt(target, n, poly, j), prime, 0, n);
  });
  team.barrier();
}
