/** The time of one rotation of node-seal on this machine: the unit that evaluation times can be compared in. */
import { nttPrimes } from '../compiler/parameters/primes.ts';
import { InternalError } from '../ir/diagnostics/diagnostic.ts';
import { SealContext } from '../runtime/seal/library/context.ts';
import { withHandles } from '../runtime/seal/library/handles.ts';
import { instantiateSeal } from '../runtime/seal/library/module.ts';
import type { ReferenceRotation } from './reference-core.ts';

const warmUp = 3;
const repetitions = 15;

/** Milliseconds of single rotations of a ciphertext at the top level. */
export async function measureRotations(reference: ReferenceRotation): Promise<number[]> {
  const { polyModulusDegree, dataPrimeBits, specialPrimeBits } = reference;
  const all = nttPrimes([specialPrimeBits, ...dataPrimeBits], polyModulusDegree);
  if (all === undefined) throw new InternalError('there are no such primes');
  const [specialPrime = 0, ...primes] = all;
  const context = new SealContext(await instantiateSeal(), {
    polyModulusDegree,
    primes,
    specialPrimes: [specialPrime],
  });
  const { seal, evaluator, encoder } = context;
  try {
    return withHandles((handles) => {
      const generator = handles.own(new seal.KeyGenerator(context.context));
      const galoisKeys = handles.own(generator.createGaloisKeysWithSteps(Int32Array.of(1)));
      const publicKey = handles.own(generator.createPublicKey());
      const encryptor = handles.own(new seal.Encryptor(context.context, publicKey));
      const plaintext = handles.own(new seal.Plaintext());
      const ciphertext = handles.own(new seal.Ciphertext());
      const rotated = handles.own(new seal.Ciphertext());
      encoder.encode(new Float64Array(polyModulusDegree / 2).fill(0.5), 2 ** 30, plaintext);
      encryptor.encrypt(plaintext, ciphertext);
      return Array.from({ length: warmUp + repetitions }, () => {
        const start = performance.now();
        evaluator.rotateVector(ciphertext, 1, galoisKeys, rotated);
        return performance.now() - start;
      }).slice(warmUp);
    });
  } finally {
    context.close();
  }
}
