/**
 * From the secret of all values to a sparse one, from the first prime to all primes, and back (Bossuat, Troncoso-Pastoriza and Hubaux,
 * "Bootstrapping for Approximate Homomorphic Encryption with Negligible Failure-Probability by Using Sparse-Secret
 * Encapsulation", ACNS 2022). Under a sparse secret c0 + c1·s~ exceeds the first prime few times only, which bounds the
 * multiples of it that raising the modulus adds to coefficients.
 */
import { extendedLimbAt, extendedPrimes } from '../../../rns/memory/extended-layout.ts';
import { keyBlock, type KeyPlace, keyStride, limbAt, type Value } from '../../../rns/memory/layout.ts';
import { putAddress } from '../../../rns/memory/addresses.ts';
import { share } from '../../../rns/team.ts';
import { divideBySpecial } from './division.ts';
import { firstInverseAt } from './factors.ts';
import { copyLimb, dataPrime, extendedPrime, remainderAt, type Site } from './workspace.ts';

/** Primes under the sparse secret, in the extended basis of level 0. */
const sparsePrimes = 2;

/**
 * x, of level 0, under the sparse secret: a key switch with one digit and one special prime, whatever others there are. The target
 * may be x.
 */
export function toSparse(site: Site, x: Value, key: KeyPlace, target: Value): void {
  const { context, team, workspace, desk } = site;
  const { kernels, n } = context;
  const sums = workspace.sums(0);
  const first = dataPrime(site, 0);
  if (team.index === 0) kernels.inverseFrom(limbAt(x, n, 1, 0), workspace.coefficients, first);
  team.barrier();
  share(team, sparsePrimes, (prime) => {
    const isOwn = prime === 0;
    if (!isOwn) kernels.forwardFrom(workspace.coefficients, 0, desk.scratch, extendedPrime(site, 0, prime));
    multiplyDigit(site, key, isOwn ? limbAt(x, n, 1, 0) : desk.scratch, 0, prime);
  });
  team.barrier();
  share(team, 2, (poly) => {
    kernels.inverseFrom(extendedLimbAt(context, sums, poly, 1), remainderAt(site, poly), extendedPrime(site, 0, 1));
    kernels.forwardFrom(remainderAt(site, poly), 0, desk.scratch, first);
    const added = poly === 0 ? limbAt(x, n, 0, 0) : 0;
    const [sum, result] = [extendedLimbAt(context, sums, poly, 0), limbAt(target, n, poly, 0)];
    kernels.divide(sum, desk.scratch, firstInverseAt(workspace.factors), added, 0, result, first, 0, n);
  });
  team.barrier();
}

/** The centred coefficients of x, of level 0, modulo all data primes. The target is of the top level. */
export function raiseModulus(site: Site, x: Value, target: Value): void {
  const { context, team } = site;
  const { kernels, n } = context;
  share(team, 2, (poly) => {
    kernels.inverseFrom(limbAt(x, n, poly, 0), remainderAt(site, poly), dataPrime(site, 0));
  });
  team.barrier();
  const limbs = target.level + 1;
  share(team, 2 * limbs, (task) => {
    const poly = Math.floor(task / limbs);
    const j = task % limbs;
    kernels.forwardFrom(remainderAt(site, poly), 0, limbAt(target, n, poly, j), dataPrime(site, j));
  });
  team.barrier();
}

/**
 * x times an integer, under the secret of all other values. The coefficients of x are within half of the first prime, so that its limb
 * there tells them, and they are one digit, far smaller than P: the noise of the switch is that of the division by P.
 * @param factor times the first prime at most 2^49. The target is not x
 */
export function toDense(site: Site, x: Value, key: KeyPlace, factor: number, target: Value): void {
  const { context, team, workspace, desk } = site;
  const { kernels, memory, n, parameters } = context;
  const { level } = x;
  if (team.index === 0) {
    kernels.inverseFrom(limbAt(x, n, 1, 0), workspace.coefficients, dataPrime(site, 0));
    const coefficients = new Float64Array(memory.buffer, workspace.coefficients, n);
    for (let i = 0; i < n; i++) coefficients[i] = (coefficients[i] ?? 0) * factor;
  }
  for (let j = 0; j <= level; j++) copyLimb(site, workspace.zero, limbAt(target, n, 0, j));
  team.barrier();
  share(team, extendedPrimes(parameters, level), (prime) => {
    kernels.forwardFrom(workspace.coefficients, 0, desk.scratch, extendedPrime(site, level, prime));
    multiplyDigit(site, key, desk.scratch, level, prime);
    if (prime > level) return;
    kernels.addMultiple(limbAt(target, n, 0, prime), limbAt(x, n, 0, prime), factor, dataPrime(site, prime));
  });
  team.barrier();
  const added = (poly: number, j: number): number => (poly === 0 ? limbAt(target, n, 0, j) : 0);
  divideBySpecial(site, workspace.sums(level), { limb: added, permutation: 0 }, target);
}

/** The products of a digit with a key of one digit modulo a prime of the extended basis, to the sums of the level. */
function multiplyDigit(site: Site, key: KeyPlace, digit: number, level: number, prime: number): void {
  const { context, workspace, desk } = site;
  const { kernels, memory, n } = context;
  const sums = workspace.sums(level);
  putAddress(new Uint32Array(memory.buffer, desk.digits, 2), 0, digit);
  kernels.inner(
    desk.digits,
    1,
    keyBlock(key, n, prime),
    keyStride(key),
    0,
    0,
    0,
    extendedLimbAt(context, sums, 0, prime),
    extendedLimbAt(context, sums, 1, prime),
    extendedPrime(site, level, prime),
    0,
    0,
    n,
  );
}
