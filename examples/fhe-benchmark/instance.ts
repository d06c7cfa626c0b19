/** Sizes of the workload, and where the harness and the stages keep files: all below the folder that a stage runs in. */
import { join } from 'node:path';

/** In the order of the harness' numbers. */
export const instances = [
  { name: 'single', samples: 1 },
  { name: 'small', samples: 100 },
  { name: 'medium', samples: 1000 },
  { name: 'large', samples: 10_000 },
] as const;
export type Instance = (typeof instances)[number];

/** Pixels of an image. */
export const pixelsPerImage = 784;

/** Throws for anything that is no number of a size. */
export function instanceOf(text: string | undefined): Instance {
  const instance = /^[0-3]$/.test(text ?? '') ? instances[Number(text)] : undefined;
  if (instance === undefined)
    throw new Error(
      `expected the size of the instance, 0 to ${instances.length - 1}, got ${JSON.stringify(text ?? '')}`,
    );
  return instance;
}

/** @param root of the harness */
export function placesOf({ name }: Instance, root = process.cwd()) {
  const io = join(root, 'io', name);
  return {
    /** Written by the harness: an image a line, 784 numbers in [0, 1]. */
    pixels: join(root, 'datasets', name, 'intermediate', 'test_pixels.txt'),
    publicKeys: join(io, 'public_keys'),
    evaluationKeys: join(io, 'public_keys', 'eval.keys'),
    publicKey: join(io, 'public_keys', 'public.key'),
    secretKeys: join(io, 'secret_key'),
    secretKey: join(io, 'secret_key', 'secret.key'),
    intermediate: join(io, 'intermediate'),
    /** The images, [count, 784] float32. */
    images: join(io, 'intermediate', 'images.npy'),
    /** What was decrypted, [count, 10] float64. */
    scores: join(io, 'intermediate', 'scores.npy'),
    upload: join(io, 'ciphertexts_upload'),
    inputs: join(io, 'ciphertexts_upload', 'inputs.ct'),
    download: join(io, 'ciphertexts_download'),
    outputs: join(io, 'ciphertexts_download', 'outputs.ct'),
    /** Read by the harness: a label a line. */
    labels: join(io, 'encrypted_model_predictions.txt'),
  } as const;
}

/** The plans that `build.ts` made: of the network in HEPC_NETWORK, `squares` where there is none. */
export function plansOf({ name }: Instance) {
  const network = process.env['HEPC_NETWORK'] ?? 'squares';
  const folder = process.env['HEPC_PLANS'] ?? join(import.meta.dirname, 'plans');
  return { server: join(folder, `${network}-${name}.hep`), client: join(folder, `${network}-${name}-client.hep`) };
}
