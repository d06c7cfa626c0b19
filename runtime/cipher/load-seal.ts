/** SEAL, loaded when it is first needed. In a script that is to be small a module that has none stands here. */
import type { SealCryptography } from '../seal/seal-cryptography.ts';

export async function loadSeal(): Promise<typeof SealCryptography | undefined> {
  const { SealCryptography: loaded } = await import('../seal/seal-cryptography.ts');
  return loaded;
}
