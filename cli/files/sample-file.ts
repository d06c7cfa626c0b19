/** Samples from files, in the form in which plans take them. */
import { limitSamples, listSamples, loadSamples } from '../../runtime/samples.ts';
import type { Port, Sample } from '../../ir/interface.ts';
import { openSamples } from '../../runtime/sample-slices.ts';
import type { SampleSource } from '../../runtime/sample-source.ts';
import { fileKinds, readInputFile, withInputFile } from './input-file.ts';

/** The first `limit` samples of the file. Throws `HepcError` H4xx, H710, H711. */
export async function readSamples(path: string, inputs: readonly Port[], limit?: number): Promise<Sample[]> {
  const load = await loadSamplesFor(path);
  return load(inputs, limit);
}

/**
 * Calls `use` with the first `limit` samples of the file, which are read as they are needed. Rejects as `readSamples`
 * throws.
 */
export async function withSamples<T>(
  path: string,
  inputs: readonly Port[],
  limit: number | undefined,
  use: (samples: SampleSource) => Promise<T>,
): Promise<T> {
  return withInputFile(path, fileKinds.samples, async (file) => {
    const samples = await openSamples(file, path, inputs);
    return use({ ...samples, count: Math.min(samples.count, limit ?? Infinity) });
  });
}

/** Samples with the label of each, where the file has labels. Throws as `readSamples` does. */
export async function readLabelledSamples(
  path: string,
  inputs: readonly Port[],
): Promise<{ readonly samples: Sample[]; readonly labels: readonly number[] | undefined }> {
  const samples = loadSamples(await readInputFile(path, fileKinds.samples), path, inputs);
  return { samples: listSamples(samples), labels: samples.labels };
}

/** Reads the file at once; its arrays once the inputs are known. Throws as `readSamples` does. */
export async function loadSamplesFor(path: string): Promise<(inputs: readonly Port[], limit?: number) => Sample[]> {
  const bytes = await readInputFile(path, fileKinds.samples);
  return (inputs, limit) => {
    const samples = loadSamples(bytes, path, inputs);
    return listSamples(limit === undefined ? samples : limitSamples(samples, limit));
  };
}
