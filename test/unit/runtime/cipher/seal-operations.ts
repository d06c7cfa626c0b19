/** What SEAL computes with saved ciphertexts under saved keys, to show that these are what it takes them for. */
import type { Ciphertext } from 'node-seal';
import type { Parameters } from '../../../../ir/parameters.ts';
import { SealContext } from '../../../../runtime/seal/library/context.ts';
import { Handles, withHandles } from '../../../../runtime/seal/library/handles.ts';
import type { Seal } from '../../../../runtime/seal/library/module.ts';
import { saveUncompressed } from '../../../../runtime/seal/library/save.ts';

export class SealOperations {
  private readonly context: SealContext;

  constructor(seal: Seal, parameters: Parameters) {
    this.context = new SealContext(seal, parameters);
  }

  /** With the second polynomial in place of its seed. */
  expand(saved: Uint8Array): Uint8Array {
    return this.apply(saved, () => undefined);
  }

  /** Of three polynomials. */
  square(saved: Uint8Array): Uint8Array {
    return this.apply(saved, (ciphertext) => {
      this.context.evaluator.squareInplace(ciphertext);
    });
  }

  relinearize(saved: Uint8Array, relinKeys: Uint8Array): Uint8Array {
    const { seal, context, evaluator } = this.context;
    return this.apply(saved, (ciphertext, handles) => {
      const keys = handles.own(new seal.RelinKeys());
      keys.loadFromArray(context, relinKeys);
      evaluator.relinearizeInplace(ciphertext, keys);
    });
  }

  /** By `step` slots; 0 conjugates. */
  rotate(saved: Uint8Array, galoisKeys: Uint8Array, step: number): Uint8Array {
    const { seal, context, evaluator } = this.context;
    return this.apply(saved, (ciphertext, handles) => {
      const keys = handles.own(new seal.GaloisKeys());
      keys.loadFromArray(context, galoisKeys);
      if (step === 0) evaluator.complexConjugateInplace(ciphertext, keys);
      else evaluator.rotateVectorInplace(ciphertext, step, keys);
    });
  }

  close(): void {
    this.context.close();
  }

  private apply(saved: Uint8Array, change: (ciphertext: Ciphertext, handles: Handles) => void): Uint8Array {
    const { seal, context } = this.context;
    return withHandles((handles) => {
      const ciphertext = handles.own(new seal.Ciphertext());
      ciphertext.loadFromArray(context, saved);
      change(ciphertext, handles);
      return saveUncompressed(seal, ciphertext);
    });
  }
}
