/**
 * Keys, encryption and decryption by SEAL: the reference for our kernels, and what a client has where these cannot run. For
 * one special prime.
 */
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import type { Parameters } from '../../ir/parameters.ts';
import type { EvaluationKeyNeeds } from '../../ir/ckks/switching-keys.ts';
import { type Cryptography, type MadeKeys, placeApart, type SecretCipher } from '../base/cryptography.ts';
import { galoisKeysStepwise } from './generate-galois-keys.ts';
import { SealContext } from './library/context.ts';
import { Handles } from './library/handles.ts';
import type { Seal } from './library/module.ts';
import { saveUncompressed } from './library/save.ts';
import { startSeal } from './library/start-seal.ts';
import { SealCipher } from './seal-cipher.ts';
import { SealPublicCipher } from './seal-public-cipher.ts';

export class SealCryptography implements Cryptography {
  private readonly seal: Seal;
  private readonly parameters: Parameters;

  /** Instantiates SEAL. Rejects with `HepcError` in environments that are too old for it (H645) or forbid it (H647). */
  static async open(parameters: Parameters): Promise<SealCryptography> {
    return new SealCryptography(await startSeal(), parameters);
  }

  constructor(seal: Seal, parameters: Parameters) {
    if (parameters.specialPrimes.length > 1) throw new InternalError('SEAL has no keys of several special primes');
    this.seal = seal;
    this.parameters = parameters;
  }

  *generateKeys(needs: EvaluationKeyNeeds, place = placeApart): Generator<number, MadeKeys> {
    const { seal, parameters } = this;
    const { rotationSteps, needsRelinKeys } = needs;
    const total = rotationSteps.length + Number(needsRelinKeys);
    const context = new SealContext(seal, parameters);
    const handles = new Handles();
    try {
      const generator = handles.own(new seal.KeyGenerator(context.context));
      const publicKey = saveUncompressed(seal, handles.own(generator.createPublicKeySerializable()));
      yield 0;
      const evaluation: Uint8Array[] = [];
      let made = 0;
      if (needsRelinKeys) {
        evaluation.push(saveUncompressed(seal, handles.own(generator.createRelinKeysSerializable())));
        yield ++made / total;
      }
      if (rotationSteps.length > 0) {
        const galoisKeys = galoisKeysStepwise(seal, generator, parameters, rotationSteps);
        let next = galoisKeys.next();
        for (; next.done !== true; next = galoisKeys.next()) yield ++made / total;
        evaluation.push(next.value);
      }
      const secretKey = saveUncompressed(seal, handles.own(generator.secretKey()));
      const placed = place(
        publicKey,
        evaluation.map(({ length }) => length),
      );
      for (const [i, section] of evaluation.entries()) placed[i]?.set(section);
      return { secretKey, publicKey, evaluation: placed };
    } finally {
      handles.freeAll();
      context.close();
    }
  }

  openSecret(secretKey: Uint8Array): SecretCipher {
    return new SealCipher(this.seal, this.parameters, secretKey);
  }

  openPublic(publicKey: Uint8Array, counts: ReadonlyMap<number, number> = new Map()): SealPublicCipher {
    return new SealPublicCipher(this.seal, this.parameters, publicKey, counts);
  }

  /** There is nothing but what was opened. */
  close(): void {
    return undefined;
  }
}
