/** Keys of rotations and of the conjugation, as SEAL numbers them. */
import { expect, test } from 'vitest';
import { generateGaloisKeys } from '../../../../runtime/seal/generate-galois-keys.ts';
import { inspectGaloisKeys } from '../../../../runtime/seal/bytes/inspect-bytes.ts';
import { SealContext } from '../../../../runtime/seal/library/context.ts';
import { withHandles } from '../../../../runtime/seal/library/handles.ts';
import { instantiateSeal } from '../../../../runtime/seal/library/module.ts';
import { smallParameters } from '../engines/seal-wasm/programs.ts';

test('SEAL loads the key of the conjugation, which is named by step 0, among those of rotations', async () => {
  const seal = await instantiateSeal();
  const context = new SealContext(seal, smallParameters);
  try {
    withHandles((handles) => {
      const generator = handles.own(new seal.KeyGenerator(context.context));
      const steps = [0, 1, 2047];
      const bytes = generateGaloisKeys(seal, generator, smallParameters, steps);
      expect(inspectGaloisKeys(bytes, smallParameters, steps)).toEqual([]);
      const keys = handles.own(new seal.GaloisKeys());
      keys.loadFromArray(context.context, bytes);
      const { polyModulusDegree } = smallParameters;
      expect([2 * polyModulusDegree - 1, 3].map((element) => keys.hasKey(element))).toEqual([true, true]);
      expect(keys.hasKey(9)).toBe(false);
    });
  } finally {
    context.close();
  }
});
