/** Values of several samples in one array, along an axis that may stand anywhere among the others. */
import { elementCount } from './constant.ts';

/** The samples, each of `shape`, with an axis for them before axis `axis` of `shape`. */
export function joinSamples(
  samples: readonly Float64Array[],
  shape: readonly number[],
  axis: number,
): Float64Array<ArrayBuffer> {
  const inner = elementCount(shape.slice(axis));
  const outer = elementCount(shape.slice(0, axis));
  const joined = new Float64Array(samples.length * inner * outer);
  for (let o = 0; o < outer; o++) {
    for (const [k, sample] of samples.entries())
      joined.set(sample.subarray(o * inner, (o + 1) * inner), (o * samples.length + k) * inner);
  }
  return joined;
}

/** What `joinSamples` joined: `count` samples, in arrays of their own. */
export function splitSamples(
  joined: Float64Array,
  shape: readonly number[],
  axis: number,
  count: number,
): Float64Array<ArrayBuffer>[] {
  const inner = elementCount(shape.slice(axis));
  const outer = elementCount(shape.slice(0, axis));
  return Array.from({ length: count }, (_, k) => {
    const sample = new Float64Array(inner * outer);
    for (let o = 0; o < outer; o++) {
      const from = (o * count + k) * inner;
      sample.set(joined.subarray(from, from + inner), o * inner);
    }
    return sample;
  });
}

/** As `joinSamples`, of texts. */
export function joinTexts(samples: readonly (readonly string[])[], shape: readonly number[], axis: number): string[] {
  const inner = elementCount(shape.slice(axis));
  const outer = elementCount(shape.slice(0, axis));
  return Array.from({ length: outer }, (_, o) =>
    samples.flatMap((sample) => sample.slice(o * inner, (o + 1) * inner)),
  ).flat();
}

/** As `splitSamples`, of texts. */
export function splitTexts(
  joined: readonly string[],
  shape: readonly number[],
  axis: number,
  count: number,
): string[][] {
  const inner = elementCount(shape.slice(axis));
  const outer = elementCount(shape.slice(0, axis));
  return Array.from({ length: count }, (_, k) =>
    Array.from({ length: outer }, (_, o) => joined.slice((o * count + k) * inner, (o * count + k + 1) * inner)).flat(),
  );
}

/** `shape` with an axis of `extent` samples before axis `axis`. */
export function withSamples(shape: readonly number[], axis: number, extent: number): readonly number[] {
  return shape.toSpliced(axis, 0, extent);
}
