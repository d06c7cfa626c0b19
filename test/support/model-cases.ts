/** The models of `test/models/cases/`, their samples and what onnxruntime answers. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { elementsOf, listSamples, loadSamples } from '../../runtime/samples.ts';
import type { ClientSample } from '../../ir/interface.ts';
import type { ModelPort, Sample } from '../../ir/interface.ts';
import { elementCount, type NdArray, readNpy } from '../../runtime/format/npy.ts';
import { npzLimits, readNpz } from '../../runtime/format/npz.ts';

const folder = fileURLToPath(new URL('../models/cases/', import.meta.url));

export const modelCases: readonly string[] = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .toSorted();

export function caseModel(name: string): Uint8Array {
  return readFileSync(`${folder}${name}/model.onnx`);
}

export function caseSamples(name: string, inputs: readonly ModelPort[]): readonly ClientSample[] {
  return listSamples(loadSamples(readFileSync(`${folder}${name}/samples.npz`), 'samples.npz', inputs));
}

/** Outputs for the first samples by name; of a file with one array the only output that it has, or the first of several. */
export function caseAnswers(name: string, firstOutput: string): readonly Sample[] {
  const [single, several] = ['npy', 'npz'].map((ending) => `${folder}${name}/expected.${ending}`);
  const arrays =
    single !== undefined && existsSync(single)
      ? new Map([[firstOutput, readNpy(readFileSync(single))]])
      : readNpz(readFileSync(several ?? ''), npzLimits);
  const [count = 0] = [...arrays.values()].map(({ shape }) => shape[0] ?? 0);
  return Array.from(
    { length: count },
    (_, k) => new Map(Array.from(arrays, ([output, array]) => [output, row(array, k)])),
  );
}

function row({ data, shape }: NdArray, k: number): Float64Array {
  const size = elementCount(shape.slice(1));
  return elementsOf(data, k * size, (k + 1) * size);
}
