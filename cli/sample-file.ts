/** Samples from files, in the form in which plans take them. */
import { limitSamples, loadSamples, type InputSpec, type Samples } from '../runtime/samples.ts';
import { fileKinds, readInputFile } from './input-file.ts';

/** Flat, row-major values of each input by name. */
export type Sample = ReadonlyMap<string, Float64Array>;

/** The first `limit` samples of the file. Throws `HepcError` H4xx, H710, H711. */
export async function readSamples(path: string, inputs: readonly InputSpec[], limit?: number): Promise<Sample[]> {
  const samples = loadSamples(await readInputFile(path, fileKinds.samples), path, inputs);
  return sampleList(limit === undefined ? samples : limitSamples(samples, limit));
}

function sampleList({ count, inputs }: Samples): Sample[] {
  return Array.from({ length: count }, (_, k) => {
    const sample = new Map<string, Float64Array>();
    for (const [name, arrays] of inputs) {
      const values = arrays[k];
      if (values !== undefined) sample.set(name, values);
    }
    return sample;
  });
}
