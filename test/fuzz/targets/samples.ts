/** Files of samples: `.npy`, `.npz` and JSON. */
import { loadSamples, encodeOutputs, listSamples } from '../../../runtime/samples.ts';
import { writeNpy } from '../../../runtime/format/npy.ts';
import { writeNpz } from '../../../runtime/format/npz.ts';
import { zipSync } from 'fflate';
import type { Port } from '../../../ir/interface.ts';
import { elementCount } from '../../../ir/constant.ts';

import { encodeJson, entriesOf, mutateEntries, zipOf } from '../mutate/archive.ts';
import { mutateBytes } from '../mutate/bytes.ts';
import type { Draw } from '../mutate/draw.ts';
import { type Json, mutateJson } from '../mutate/json.ts';
import { mutateNpy } from '../mutate/npy.ts';
import { expectFinite, expectPrintable, Fault, type Target } from '../target.ts';

const one: readonly Port[] = [{ name: 'x', shape: [2, 3], hasBatchAxis: true }];
const two: readonly Port[] = [...one, { name: 'z', shape: [2], hasBatchAxis: true }];

const numbers = Float64Array.from({ length: 12 }, (_, k) => k / 4 - 1);
const arrays = [
  writeNpy({ dtype: 'f8', shape: [2, 2, 3], data: numbers }),
  writeNpy({ dtype: 'f4', shape: [2, 2, 3], data: Float32Array.from(numbers) }),
  writeNpy({ dtype: 'i4', shape: [2, 3], data: Int32Array.of(1, 2, 3, 4, 5, 6) }),
  writeNpy({ dtype: 'u1', shape: [2, 2, 3], data: new Uint8Array(12) }),
];
const npz = writeNpz(
  new Map([
    ['x', { dtype: 'f8', shape: [2, 2, 3], data: numbers }],
    ['z', { dtype: 'f8', shape: [2, 2], data: numbers.slice(0, 4) }],
    ['y', { dtype: 'i4', shape: [2], data: Int32Array.of(1, 0) }],
  ]),
);
const entries = entriesOf(npz);
const deflated = zipSync(Object.fromEntries(entries), { level: 6 });
const texts: readonly Json[] = [
  [
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
    [
      [0.5, 1e-3, -1],
      [0, 0, 0],
    ],
  ],
  {
    x: [
      [1, 2, 3],
      [4, 5, 6],
    ],
    z: [[1, 2]],
    y: [3],
  },
];

function mutate(draw: Draw): Uint8Array {
  switch (draw.below(5)) {
    case 0:
    case 1:
      return mutateNpy(draw, draw.pick(arrays), arrays);
    case 2:
      return zipOf(mutateEntries(draw, entries));
    case 3:
      return mutateBytes(draw, draw.pick([npz, deflated, deflated]), [npz, deflated]);
    default: {
      const bytes = encodeJson(mutateJson(draw, draw.pick(texts)));
      return draw.chance(0.2) ? mutateBytes(draw, bytes) : bytes;
    }
  }
}

export const sampleTargets: readonly Target[] = [
  {
    name: 'samples',
    mutate,
    run: (bytes) => {
      // The first byte decides which model they are for, so that an input says everything.
      const specs = (bytes[bytes.length - 1] ?? 0) % 2 === 0 ? one : two;
      const samples = loadSamples(bytes, 'x.npz', specs);
      for (const { name, shape } of specs) {
        const values = samples.inputs.get(name) ?? [];
        if (values.length !== samples.count || values.some(({ length }) => length !== elementCount(shape)))
          throw new Fault(`samples of ${name} are not of its shape`);
        for (const each of values) expectFinite(name, each);
      }
      if (samples.labels?.some((label) => !Number.isSafeInteger(label)) === true) throw new Fault('broken labels');
      writtenAgain(specs, listSamples(samples));
      expectPrintable(...samples.inputs.keys());
    },
  },
];

/** That the same samples are read from the files that outputs are written to. */
function writtenAgain(specs: readonly Port[], samples: readonly ReadonlyMap<string, Float64Array>[]): void {
  const batches = specs.map(({ name, shape }) => ({
    name,
    shape: [samples.length, ...shape],
    data: Float64Array.from(samples.flatMap((sample) => [...(sample.get(name) ?? [])])),
  }));
  const again = listSamples(loadSamples(encodeOutputs(batches), 'y.npz', specs));
  for (const [k, sample] of samples.entries())
    for (const [name, values] of sample)
      if (values.some((value, i) => again[k]?.get(name)?.[i] !== value)) throw new Fault(`other values of ${name}`);
}
