/** Takes the time of what the client does, with its own code: encryption, decryption, keys. For one chain of primes. */
import type { ClientOp } from '../../costs/client-costs.ts';
import type { Parameters } from '../../ir/parameters.ts';
import type { EvaluationKeyNeeds } from '../../ir/ckks/switching-keys.ts';
import type { Cryptography, MadeKeys, SecretCipher } from '../base/cryptography.ts';
import { openCryptography } from '../cipher/open-cryptography.ts';
import { inspectCiphertext } from '../seal/bytes/inspect-bytes.ts';
import { ciphertextWithoutResidues } from '../seal/bytes/write-heads.ts';

/** Goes up when the client changes so much that costs measured before mislead. */
export const clientCostVersion = 'client 1';

export type ClientTook = (op: ClientOp, milliseconds: number) => void;

/** Below a single small prime. */
const scale = 2 ** 20;

export class ClientProbe {
  private readonly parameters: Parameters;
  private readonly cryptography: Cryptography;
  private readonly cipher: SecretCipher;

  static async open(parameters: Parameters): Promise<ClientProbe> {
    return new ClientProbe(parameters, await openCryptography(parameters));
  }

  private constructor(parameters: Parameters, cryptography: Cryptography) {
    this.parameters = parameters;
    this.cryptography = cryptography;
    this.cipher = cryptography.openSecret(
      this.make({ rotationSteps: [], needsRelinKeys: false }, () => undefined).secretKey,
    );
  }

  /** One ciphertext of `level`, and the decryption of what a server answers with, checks included. */
  cipherOnce(level: number, took: ClientTook): void {
    const slots = new Float64Array(this.parameters.polyModulusDegree / 2).fill(0.5);
    const start = performance.now();
    this.cipher.encrypt(slots, level, scale);
    const encrypted = performance.now();
    took('encrypt', encrypted - start);
    const answer = ciphertextWithoutResidues(this.parameters, { level, size: 2, scale });
    const arrived = performance.now();
    inspectCiphertext(answer, this.parameters, { level, scale, seeded: false }, 'an answer of the probe');
    this.cipher.decrypt(answer, 'an answer of the probe');
    took('decrypt', performance.now() - arrived);
  }

  /** One key of each kind, for all primes of the chain. */
  keysOnce(took: ClientTook): void {
    const times: number[] = [];
    this.make({ rotationSteps: [1], needsRelinKeys: true }, () => times.push(performance.now()));
    const [secret = 0, relinearization = 0, galois = 0] = times;
    took('relinearization-key', relinearization - secret);
    took('galois-key', galois - relinearization);
  }

  close(): void {
    this.cipher.close();
    this.cryptography.close();
  }

  private make(needs: Omit<EvaluationKeyNeeds, 'parameters'>, made: () => void): MadeKeys {
    const keys = this.cryptography.generateKeys({ parameters: this.parameters, ...needs });
    for (;;) {
      const { done, value } = keys.next();
      if (done === true) return value;
      made();
    }
  }
}
