/**
 * Samples that are read from a file of arrays as they are needed: `.npy`, and `.npz` without compression, in C order.
 * Whatever else a file is, sound or not, `loadSamples` reads as a whole, and says what is wrong with it.
 */
import { nonFiniteValue, npySizeMismatch } from '../ir/diagnostics/data.ts';
import { HepcError, type Place } from '../ir/diagnostics/diagnostic.ts';
import type { ModelPort, Port, Sample } from '../ir/interface.ts';
import { crc32 } from './format/crc32.ts';
import { hasNpyMagic, maxHeadBytes } from './format/npy-header.ts';
import { decodeNpy, type NpyLayout, npyLayout, readNpy } from './format/npy.ts';
import { npzLimits } from './format/npz.ts';
import type { RandomAccess } from './format/random-access.ts';
import { ZipFile } from './format/zip-file.ts';
import { ZipError } from './format/zip-format.ts';
import { type SampleSource, sampleSource } from './sample-source.ts';
import {
  arrayNames,
  countSamples,
  elementsOf,
  labelsName,
  listSamples,
  loadSamples,
  maxSamples,
  unravelIndex,
} from './samples.ts';

/** Samples of a file, with the label of each where the file has labels. */
export interface LabelledSource extends SampleSource {
  readonly labels?: readonly number[];
}

/** Rejects with `HepcError` as `loadSamples` throws; for values that are not finite only once they are read. */
export async function openSamples(
  file: RandomAccess,
  fileName: string,
  specs: readonly (Port | ModelPort)[],
): Promise<LabelledSource> {
  const sliced = specs.every(isPlain) ? await openSlices(file, fileName, specs) : undefined;
  if (sliced !== undefined) return sliced;
  const samples = loadSamples(await file.read(0, file.size), fileName, specs);
  return { ...sampleSource(listSamples(samples)), ...withLabels(samples.labels) };
}

function withLabels(labels: readonly number[] | undefined): Pick<LabelledSource, 'labels'> {
  return labels === undefined ? {} : { labels };
}

/** Whether an input is read as numbers that all have to be finite. */
function isPlain(spec: Port | ModelPort): boolean {
  return (
    !('elements' in spec) || (spec.elements !== 'string' && spec.elements !== 'boolean' && spec.allowsMissing !== true)
  );
}

/** An array whose first axis, or itself as a whole, holds `count` samples of `size` elements. */
interface Slices {
  readonly input: string;
  /** As the file calls it. */
  readonly name: string;
  readonly at: Place;
  readonly source: RandomAccess;
  readonly layout: NpyLayout;
  readonly count: number;
  readonly size: number;
}

/** Undefined for a file that is to be read as a whole. */
async function openSlices(
  file: RandomAccess,
  fileName: string,
  specs: readonly Port[],
): Promise<LabelledSource | undefined> {
  const inputs = [...new Map(specs.map((spec) => [spec.name, spec])).values()];
  const arrays = await openArrays(file, inputs);
  if (arrays === undefined) return undefined;
  const slices: Slices[] = [];
  for (const spec of inputs) {
    const name = arrayNames(spec, inputs).find((each) => arrays.has(each));
    const source = name === undefined ? undefined : arrays.get(name);
    if (name === undefined || source === undefined) return undefined;
    const at = source === file ? { file: fileName } : { file: fileName, part: name };
    const own = await slicesOf(source, spec, name, at);
    if (own === undefined) return undefined;
    slices.push(own);
  }
  const count = slices[0]?.count ?? 0;
  if (slices.some((each) => each.count !== count) || count === 0 || count > maxSamples) return undefined;
  const labelArray = inputs.some(({ name }) => name === labelsName) ? undefined : arrays.get(labelsName);
  const labels = labelArray && (await labelsIn(labelArray, count));
  if (labelArray !== undefined && labels === undefined) return undefined;
  return {
    count,
    ...withLabels(labels),
    read: async (first, end) => {
      const read = await Promise.all(
        slices.map((each) => readSlices(each, Math.min(first, count), Math.min(end, count))),
      );
      return Array.from({ length: Math.max(0, Math.min(end, count) - first) }, (_, k): Sample => {
        const entries = slices.map(({ input }, i): [string, Float64Array] => [
          input,
          read[i]?.[k] ?? new Float64Array(),
        ]);
        return new Map(entries);
      });
    },
  };
}

/** The `.npy` files in a file by array name; the only one without a name belongs to the only input. */
async function openArrays(
  file: RandomAccess,
  inputs: readonly Port[],
): Promise<ReadonlyMap<string, RandomAccess> | undefined> {
  const [only, ...others] = inputs;
  if (only === undefined) return undefined;
  if (hasNpyMagic(await file.read(0, maxHeadBytes)))
    return others.length > 0 ? undefined : new Map([[only.name, file]]);
  try {
    const zip = await ZipFile.open(file, npzLimits);
    const arrays = new Map<string, RandomAccess>();
    for (const [name, { crc }] of zip.entries) {
      if (!name.endsWith('.npy')) continue;
      const source = await zip.access(name);
      if ((await checksum(source)) !== crc) return undefined;
      arrays.set(name.slice(0, -'.npy'.length), source);
    }
    return arrays;
  } catch (error) {
    if (error instanceof ZipError) return undefined;
    throw error;
  }
}

const pieceBytes = 2 ** 22;

async function checksum(source: RandomAccess): Promise<number> {
  let crc = 0;
  for (let at = 0; at < source.size; at += pieceBytes) crc = crc32(await source.read(at, pieceBytes), crc);
  return crc;
}

async function slicesOf(source: RandomAccess, spec: Port, name: string, at: Place): Promise<Slices | undefined> {
  const layout = npyLayout(await source.read(0, maxHeadBytes), source.size);
  if (layout === undefined || layout.fortranOrder || spec.batchAxis !== undefined) return undefined;
  const count = countSamples(layout.shape, spec.shape);
  const size = spec.shape.reduce((product, extent) => product * extent, 1);
  return count === undefined ? undefined : { input: spec.name, name, at, source, layout, count, size };
}

/** Undefined where they are none, or not as many. */
async function labelsIn(source: RandomAccess, count: number): Promise<readonly number[] | undefined> {
  const layout = npyLayout(await source.read(0, maxHeadBytes), source.size);
  if (layout === undefined || layout.type === 'b1' || countSamples(layout.shape, []) !== count) return undefined;
  const { data } = readNpy(await source.read(0, source.size));
  const labels = [...elementsOf(data, 0, count)];
  return labels.every(Number.isSafeInteger) ? labels : undefined;
}

async function readSlices(
  { name, at, source, layout, size }: Slices,
  first: number,
  end: number,
): Promise<Float64Array[]> {
  const bytes = size * layout.elementBytes;
  const expected = (end - first) * bytes;
  // The data are taken over, so they have memory of their own.
  const content = new Uint8Array(await source.read(layout.dataStart + first * bytes, expected));
  if (content.length !== expected)
    throw new HepcError([npySizeMismatch({ shape: layout.shape, expected, got: content.length }, at)]);
  const { data } = decodeNpy(layout, content, [Math.max(0, end - first), size]);
  return Array.from({ length: Math.max(0, end - first) }, (_, k) => {
    const sample = elementsOf(data, k * size, (k + 1) * size);
    const bad = sample.findIndex((value) => !Number.isFinite(value));
    if (bad === -1) return sample;
    const index = unravelIndex((first + k) * size + bad, layout.shape);
    throw new HepcError([nonFiniteValue({ array: name, index, value: sample[bad] ?? NaN }, at)]);
  });
}
