/** Samples from files, in the form in which plans take them. */
import { type InputSpec, limitSamples, listSamples, loadSamples } from '../../runtime/samples.ts';
import { fileKinds, readInputFile } from './input-file.ts';

/** Flat, row-major values of each input by name; or of each output. */
export type Sample = ReadonlyMap<string, Float64Array>;

/** The first `limit` samples of the file. Throws `HepcError` H4xx, H710, H711. */
export async function readSamples(path: string, inputs: readonly InputSpec[], limit?: number): Promise<Sample[]> {
  const load = await loadSamplesFor(path);
  return load(inputs, limit);
}

/** Samples with the label of each, where the file has labels. Throws as `readSamples` does. */
export async function readLabelledSamples(
  path: string,
  inputs: readonly InputSpec[],
): Promise<{ readonly samples: Sample[]; readonly labels: readonly number[] | undefined }> {
  const samples = loadSamples(await readInputFile(path, fileKinds.samples), path, inputs);
  return { samples: listSamples(samples), labels: samples.labels };
}

/** Reads the file at once; its arrays once the inputs are known. Throws as `readSamples` does. */
export async function loadSamplesFor(
  path: string,
): Promise<(inputs: readonly InputSpec[], limit?: number) => Sample[]> {
  const bytes = await readInputFile(path, fileKinds.samples);
  return (inputs, limit) => {
    const samples = loadSamples(bytes, path, inputs);
    return listSamples(limit === undefined ? samples : limitSamples(samples, limit));
  };
}
