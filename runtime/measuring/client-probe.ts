/** Takes the time of what the client does, with its own code: encryption, decryption, keys. For one chain of primes. */
import type { ClientOp } from '../../costs/client-costs.ts';
import type { Parameters } from '../../ir/parameters.ts';
import { generateGaloisKeys } from '../seal/generate-galois-keys.ts';
import { SealContext } from '../seal/library/context.ts';
import { Handles, withHandles } from '../seal/library/handles.ts';
import type { Seal } from '../seal/library/module.ts';
import { saveUncompressed } from '../seal/library/save.ts';
import { SealCipher } from '../seal/seal-cipher.ts';

export type ClientTook = (op: ClientOp, milliseconds: number) => void;

/** Below a single small prime. */
const scale = 2 ** 20;

export class ClientProbe {
  private readonly context: SealContext;
  private readonly handles = new Handles();
  private readonly generator: InstanceType<Seal['KeyGenerator']>;
  private readonly cipher: SealCipher;

  constructor(seal: Seal, parameters: Parameters) {
    this.context = new SealContext(seal, parameters);
    try {
      this.generator = this.handles.own(new seal.KeyGenerator(this.context.context));
      this.cipher = new SealCipher(
        seal,
        parameters,
        saveUncompressed(seal, this.handles.own(this.generator.secretKey())),
      );
    } catch (error) {
      this.handles.freeAll();
      this.context.close();
      throw error;
    }
  }

  /** One ciphertext of `level`, there and back. */
  cipherOnce(level: number, took: ClientTook): void {
    const slots = new Float64Array(this.context.parameters.polyModulusDegree / 2).fill(0.5);
    // Builds what the level needs.
    this.cipher.encrypt(slots, level, scale);
    const start = performance.now();
    const ciphertext = this.cipher.encrypt(slots, level, scale);
    const encrypted = performance.now();
    this.cipher.decrypt(ciphertext, 'a ciphertext of the probe');
    took('encrypt', encrypted - start);
    took('decrypt', performance.now() - encrypted);
  }

  /** One key of each kind, for all primes of the chain. */
  keysOnce(took: ClientTook): void {
    const { seal, parameters } = this.context;
    const start = performance.now();
    generateGaloisKeys(seal, this.generator, parameters, [1]);
    const made = performance.now();
    withHandles((handles) => saveUncompressed(seal, handles.own(this.generator.createRelinKeysSerializable())));
    took('galois-key', made - start);
    took('relinearization-key', performance.now() - made);
  }

  close(): void {
    this.cipher.close();
    this.handles.freeAll();
    this.context.close();
  }
}
