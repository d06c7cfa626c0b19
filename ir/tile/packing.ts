/** From elements to slots and back: what a layout means, in numbers. Slot = virtual slot · batchTile + sample. */
import type { Layout } from './layout.ts';

/**
 * The slot vectors of all ciphertexts of a layout: element e of sample k is samples[k][index[e]] · factor, or zero
 * where the index is −1. At most `batchTile` samples; slots without an element hold zero.
 */
export function fillSlots(
  layout: Layout,
  index: Int32Array,
  factor: number,
  samples: readonly Float64Array[],
): Float64Array[] {
  const { batchTile, virtualSlots, slots, ciphertexts } = layout;
  const elements = layout.elementMap();
  return Array.from({ length: ciphertexts }, (_, ciphertext) => {
    const packed = new Float64Array(slots);
    for (let v = 0; v < virtualSlots; v++) {
      const element = elements[ciphertext * virtualSlots + v] ?? -1;
      const from = element === -1 ? -1 : (index[element] ?? -1);
      if (from === -1) continue;
      for (const [k, sample] of samples.entries()) packed[v * batchTile + k] = (sample[from] ?? 0) * factor;
    }
    return packed;
  });
}

/** The elements of the first `count` samples, from the slot vectors of all ciphertexts of a layout. */
export function readSlots(
  layout: Layout,
  factor: number,
  ciphertexts: readonly Float64Array[],
  count: number,
): Float64Array[] {
  const { batchTile, virtualSlots } = layout;
  const places = layout.firstPlaces();
  return Array.from({ length: count }, (_, k) =>
    Float64Array.from(places, (place) => {
      const slots = ciphertexts[Math.floor(place / virtualSlots)];
      return (slots?.[(place % virtualSlots) * batchTile + k] ?? 0) * factor;
    }),
  );
}
