/** Samples from files, in the form in which plans take them. */
import { sampleCountMismatch } from '../../ir/diagnostics/data.ts';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { limitSamples, listSamples, loadLabels, loadSamples } from '../../runtime/samples.ts';
import type { ImportedModel } from '../../compiler/onnx/import.ts';
import type { ClientSample, ModelPort, Port, Sample } from '../../ir/interface.ts';
import { modelInputs } from '../../ir/client/steps.ts';
import { beforeEncryption } from '../../ir/interpret/client.ts';
import { type LabelledSource, openSamples } from '../../runtime/sample-slices.ts';
import { fileKinds, readInputFile, withInputFile } from './input-file.ts';

/** Samples of a network, which takes numbers alone. Throws `HepcError` H4xx, H710, H711. */
export async function readNumbers(path: string, inputs: readonly Port[]): Promise<Sample[]> {
  return listSamples(loadSamples(await readInputFile(path, fileKinds.samples), path, inputs));
}

interface SampleChoice {
  /** Only so many, the first. */
  readonly limit?: number | undefined;
  /** A file of labels, one for each sample of the file, in place of its own. */
  readonly labels?: string | undefined;
}

/**
 * Calls `use` with samples of the file, which are read as they are needed, and the labels of all of it, if there are any.
 * Rejects as `readNumbers` throws.
 */
export async function withSamples<T>(
  path: string,
  inputs: readonly ModelPort[],
  { limit = Infinity, labels: labelsPath }: SampleChoice,
  use: (samples: LabelledSource) => Promise<T>,
): Promise<T> {
  return withInputFile(path, fileKinds.samples, async (file) => {
    const samples = await openSamples(file, path, inputs);
    const labels = labelsPath === undefined ? samples.labels : await readLabels(labelsPath, samples.count);
    return use({ ...samples, count: Math.min(samples.count, limit), ...(labels === undefined ? {} : { labels }) });
  });
}

/** Samples of the file, with the label of each where there are labels. Throws as `readNumbers` does. */
export async function readSamplesAndLabels(
  path: string,
  inputs: readonly ModelPort[],
  { limit = Infinity, labels: labelsPath }: SampleChoice,
): Promise<{ readonly samples: ClientSample[]; readonly labels: readonly number[] | undefined }> {
  const all = loadSamples(await readInputFile(path, fileKinds.samples), path, inputs);
  const labels = labelsPath === undefined ? all.labels : await readLabels(labelsPath, all.count);
  return { samples: listSamples(all).slice(0, limit), labels: labels?.slice(0, limit) };
}

/** A label for each of `count` samples. Throws as `readNumbers` does. */
async function readLabels(path: string, count: number): Promise<readonly number[]> {
  const labels = loadLabels(await readInputFile(path, fileKinds.samples), path);
  const counts = [
    { array: 'samples', count },
    { array: 'labels', count: labels.length },
  ];
  if (labels.length !== count) throw new HepcError([sampleCountMismatch({ counts }, { file: path })]);
  return labels;
}

/**
 * What is encrypted of samples of a model, with the label of each where the file has labels, or those of `labelsPath`.
 * Throws as `readNumbers` does. */
export async function readLabelledSamples(
  path: string,
  { steps, inputs }: ImportedModel,
  labelsPath?: string,
): Promise<{ readonly samples: Sample[]; readonly labels: readonly number[] | undefined }> {
  const samples = loadSamples(await readInputFile(path, fileKinds.samples), path, modelInputs(steps, inputs));
  const encrypted = listSamples(samples).map((sample, k) => beforeEncryption(steps, sample, k));
  const labels = labelsPath === undefined ? samples.labels : await readLabels(labelsPath, encrypted.length);
  return { samples: encrypted, labels };
}

/** Reads the file at once; its arrays once the inputs are known. Throws as `readNumbers` does. */
export async function loadSamplesFor(
  path: string,
): Promise<(inputs: readonly ModelPort[], limit?: number) => ClientSample[]> {
  const bytes = await readInputFile(path, fileKinds.samples);
  return (inputs, limit) => {
    const samples = loadSamples(bytes, path, inputs);
    return listSamples(limit === undefined ? samples : limitSamples(samples, limit));
  };
}
