/** Samples by slices are those of the whole file, or the same complaint. */
import fc from 'fast-check';
import { zipSync } from 'fflate';
import { expect, test } from 'vitest';
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import type { GivenSample } from '../../../ir/given-samples.ts';
import type { Port } from '../../../ir/interface.ts';
import { type NdArray, writeNpy } from '../../../runtime/format/npy.ts';
import { writeNpz } from '../../../runtime/format/npz.ts';
import { bytesAccess } from '../../../runtime/format/random-access.ts';
import { openSamples } from '../../../runtime/sample-slices.ts';
import { listSamples, loadSamples } from '../../../runtime/samples.ts';

const image: Port = { name: 'image', shape: [2, 3], hasBatchAxis: true };
const mask: Port = { name: 'mask', shape: [], hasBatchAxis: true };

async function inSlices(bytes: Uint8Array, specs: readonly Port[], step: number): Promise<GivenSample[]> {
  const source = await openSamples(bytesAccess(bytes), 'file', specs);
  const samples: GivenSample[] = [];
  for (let first = 0; first < source.count; first += step) samples.push(...(await source.read(first, first + step)));
  expect(samples).toHaveLength(source.count);
  return samples;
}

async function outcome(read: () => Promise<GivenSample[]> | GivenSample[]): Promise<unknown> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof HepcError) return error.diagnostics;
    throw error;
  }
}

async function expectSame(bytes: Uint8Array, specs: readonly Port[], step: number): Promise<void> {
  const whole = await outcome(() => listSamples(loadSamples(bytes, 'file', specs)));
  expect(await outcome(() => inSlices(bytes, specs, step))).toEqual(whole);
}

const imageArrays: fc.Arbitrary<NdArray> = fc
  .tuple(fc.integer({ min: 0, max: 7 }), fc.constantFrom('f4', 'f8', 'u1', 'i8'), fc.boolean())
  .map(([count, dtype, isWrong]): NdArray => {
    const shape = [count, 2, isWrong ? 4 : 3];
    const length = count * 2 * (isWrong ? 4 : 3);
    switch (dtype) {
      case 'f4':
        return { dtype, shape, data: Float32Array.from({ length }, (_, i) => i / 3) };
      case 'f8':
        return { dtype, shape, data: Float64Array.from({ length }, (_, i) => (i === 20 ? NaN : -i)) };
      case 'u1':
        return { dtype, shape, data: Uint8Array.from({ length }, (_, i) => i) };
      case 'i8':
        return { dtype, shape, data: BigInt64Array.from({ length }, (_, i) => BigInt(i) - 9n) };
    }
  });

test('along an axis that is not the first', async () => {
  const inside: Port = { name: 'steps', shape: [2, 2], hasBatchAxis: true, batchAxis: 1 };
  const data = Float64Array.from({ length: 12 }, (_, i) => i);
  const bytes = writeNpy({ dtype: 'f8', shape: [2, 3, 2], data });
  expect(await inSlices(bytes, [inside], 2)).toEqual(
    [0, 2, 4].map((from) => new Map([['steps', Float64Array.of(from, from + 1, from + 6, from + 7)]])),
  );
  await expectSame(writeNpy({ dtype: 'f8', shape: [2, 2], data: data.slice(0, 4) }), [inside], 1);
  await expectSame(writeNpy({ dtype: 'f8', shape: [3, 2, 2], data }), [inside], 1);
  data[7] = NaN;
  await expectSame(writeNpy({ dtype: 'f8', shape: [2, 3, 2], data }), [inside], 1);
});

test('of .npy and .npz, sound and unsound', async () => {
  await fc.assert(
    fc.asyncProperty(
      imageArrays,
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom('npy', 'npz', 'compressed'),
      fc.option(fc.integer({ min: 0, max: 7 }), { nil: undefined }),
      fc.option(fc.nat(), { nil: undefined }),
      async (array, step, form, masks, damage) => {
        const arrays = new Map([['image', array]]);
        if (masks !== undefined) arrays.set('mask', { dtype: 'f8', shape: [masks], data: new Float64Array(masks) });
        arrays.set('y', { dtype: 'i4', shape: [array.shape[0] ?? 0], data: new Int32Array(array.shape[0] ?? 0) });
        const entries = Object.fromEntries(Array.from(arrays, ([name, each]) => [`${name}.npy`, writeNpy(each)]));
        const bytes = form === 'npy' ? writeNpy(array) : form === 'npz' ? writeNpz(arrays) : zipSync(entries);
        if (damage !== undefined) bytes[damage % bytes.length] = (bytes[damage % bytes.length] ?? 0) ^ 0x11;
        await expectSame(bytes, masks === undefined ? [image] : [image, mask], step);
        await expectSame(bytes, [{ ...image, name: 'x' }], step);
      },
    ),
    { numRuns: 300 },
  );
});

test('of Fortran order, other byte orders and JSON', async () => {
  const swapped = writeNpy({ dtype: 'f8', shape: [3, 2, 3], data: Float64Array.from({ length: 18 }, (_, i) => i) });
  const text = new TextDecoder('latin1').decode(swapped);
  const at = text.indexOf('<f8');
  expect(at).toBeGreaterThan(0);
  const big = swapped.slice();
  big[at] = '>'.charCodeAt(0);
  await expectSame(big, [image], 2);
  const fortran = Uint8Array.from(text.replace("'fortran_order': False", "'fortran_order': True "), (c) =>
    c.charCodeAt(0),
  );
  await expectSame(fortran, [image], 2);
  await expectSame(new TextEncoder().encode('{"image": [[[1, 2, 3], [4, 5, 6]], [[1, 2, 3], [4, 5, 6]]]}'), [image], 1);
});

test('come with the labels of the file', async () => {
  const data = new Float32Array(12);
  const y: NdArray = { dtype: 'i4', shape: [2], data: Int32Array.of(5, 3) };
  const arrays = { 'image.npy': writeNpy({ dtype: 'f4', shape: [2, 2, 3], data }), 'y.npy': writeNpy(y) };
  const files = [zipSync(arrays, { level: 0 }), zipSync(arrays)];
  for (const bytes of files) {
    const [{ labels }, other] = [
      await openSamples(bytesAccess(bytes), 'file', [image]),
      await openSamples(bytesAccess(bytes), 'file', [image, { ...mask, name: 'y' }]),
    ];
    expect({ labels, other: other.labels }).toEqual({ labels: [5, 3], other: undefined });
  }
});

test('take no more memory than is asked for', async () => {
  const count = 3000;
  const array: NdArray = { dtype: 'f4', shape: [count, 2, 3], data: new Float32Array(count * 6) };
  for (const bytes of [writeNpy(array), writeNpz(new Map([['image', array]]))]) {
    const access = bytesAccess(bytes);
    let most = 0;
    const counted = {
      size: access.size,
      read: (offset: number, length: number) => {
        most = Math.max(most, Math.min(length, access.size - offset));
        return access.read(offset, length);
      },
    };
    const source = await openSamples(counted, 'file', [image]);
    most = 0;
    expect(await source.read(1000, 1010)).toHaveLength(10);
    expect(most).toBe(10 * 6 * 4);
    expect(await source.read(2995, 4000)).toHaveLength(5);
  }
});
