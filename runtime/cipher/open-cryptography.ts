/** Which cryptography a client has: our kernels, or SEAL where they cannot run. */
import { isForSeal, type Parameters } from '../../ir/parameters.ts';
import type { Cryptography } from '../base/cryptography.ts';
import { UnfitError } from '../base/fallback.ts';
import { KernelCryptography } from './kernel-cryptography.ts';
import { loadSeal } from './load-seal.ts';

/**
 * SEAL is loaded only where it is needed. Rejects with `HepcError` for lack of memory, and where neither can run (H645, H647);
 * with `UnfitError` where the kernels cannot and there is no SEAL, or it does not take the parameters: several special
 * primes, or N = 65536.
 */
export async function openCryptography(parameters: Parameters): Promise<Cryptography> {
  try {
    return await KernelCryptography.open(parameters);
  } catch (error) {
    if (!(error instanceof UnfitError) || !isForSeal(parameters)) throw error;
    const seal = await loadSeal();
    if (seal === undefined) throw error;
    return seal.open(parameters);
  }
}
