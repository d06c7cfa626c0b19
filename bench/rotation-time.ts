/** The time of one rotation of node-seal on this machine: the unit that evaluation times can be compared in. */
import { nttPrimes } from '../compiler/parameters/primes.ts';
import { InternalError } from '../ir/diagnostics/diagnostic.ts';
import { SealContext } from '../runtime/seal/context.ts';
import { withHandles } from '../runtime/seal/handles.ts';
import { instantiateSeal } from '../runtime/seal/module.ts';

const polyModulusDegree = 8192;
const dataPrimeBits = [34, 34, 34, 34, 34];
const specialPrimeBits = 48;
const warmUp = 3;
const repetitions = 20;

/** Milliseconds of single rotations, at N = 8192 with 5 data primes. */
export async function measureRotations(): Promise<number[]> {
  const all = nttPrimes([...dataPrimeBits, specialPrimeBits], polyModulusDegree);
  const specialPrime = all?.at(-1);
  if (all === undefined || specialPrime === undefined) throw new InternalError('there are no such primes');
  const context = new SealContext(await instantiateSeal(), {
    polyModulusDegree,
    primes: all.slice(0, -1),
    specialPrime,
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
