import { readFileSync } from 'node:fs';
import type { SampleSource } from '../../../runtime/client-library.ts';
import { readNpy } from '../../../runtime/format/npy.ts';
import { type Instance, pixelsPerImage, placesOf } from '../instance.ts';
import { withClient, withNewFile } from './files.ts';

/** Encrypts the images, as many to a ciphertext as the plan takes. */
export async function encryptInput(instance: Instance): Promise<void> {
  const { images, upload, inputs } = placesOf(instance);
  const { shape, data } = readNpy(readFileSync(images), { file: images });
  const pixels = Float32Array.from(data, Number);
  const samples: SampleSource = {
    count: shape[0] ?? 0,
    read: (first, end) =>
      Promise.resolve(
        Array.from({ length: end - first }, (_, k) => ({
          pixels: pixels.subarray(pixelsPerImage * (first + k), pixelsPerImage * (first + k + 1)),
        })),
      ),
  };
  await withClient(instance, (client) => withNewFile(upload, inputs, (append) => client.encryptTo(samples, append)));
}
