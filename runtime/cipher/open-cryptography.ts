/** Which cryptography a client has: our kernels, or SEAL where they cannot run. */
import type { Parameters } from '../../ir/parameters.ts';
import type { Cryptography } from '../base/cryptography.ts';
import { UnfitError } from '../base/fallback.ts';
import { KernelCryptography } from './kernel-cryptography.ts';

/**
 * SEAL is loaded only where it is needed. Rejects with `HepcError` for lack of memory, where neither can run (H645, H647), and
 * where kernels cannot and the parameters have several special primes, which SEAL does not know (H634).
 */
export async function openCryptography(parameters: Parameters): Promise<Cryptography> {
  try {
    return await KernelCryptography.open(parameters);
  } catch (error) {
    if (!(error instanceof UnfitError) || parameters.specialPrimes.length > 1) throw error;
    const { SealCryptography } = await import('../seal/seal-cryptography.ts');
    return SealCryptography.open(parameters);
  }
}
