/** Which cryptography a client has: our kernels, or SEAL where they cannot run. */
import type { Parameters } from '../../ir/parameters.ts';
import type { Cryptography } from '../base/cryptography.ts';
import { UnfitError } from '../base/fallback.ts';
import { KernelCryptography } from './kernel-cryptography.ts';
import { loadSeal } from './load-seal.ts';

/**
 * SEAL is loaded only where it is needed. Rejects with `HepcError` for lack of memory, and where neither can run (H645, H647);
 * with `UnfitError` where the kernels cannot and there is no SEAL, or the parameters have several special primes, which it
 * does not know.
 */
export async function openCryptography(parameters: Parameters): Promise<Cryptography> {
  try {
    return await KernelCryptography.open(parameters);
  } catch (error) {
    if (!(error instanceof UnfitError) || parameters.specialPrimes.length > 1) throw error;
    const seal = await loadSeal();
    if (seal === undefined) throw error;
    return seal.open(parameters);
  }
}
