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
      for (let k = 0; k < samples.length; k++) packed[v * batchTile + k] = (samples[k]?.[from] ?? 0) * factor;
    }
    return packed;
  });
}

/** What is read of the elements of a layout; all of them in order without an `index`. */
export interface Picks {
  /** For each element that is read its element in the layout, or −1 for a constant. */
  readonly index?: Int32Array | undefined;
  /** Values where the index is −1, elsewhere anything; zeros if left out. The factor does not apply to them. */
  readonly constants?: Float64Array | undefined;
}

/**
 * The elements of the first `count` samples, from the slot vectors of the ciphertexts of a layout. Those that
 * `pickedCiphertexts` leaves out may be missing.
 */
export function readSlots(
  layout: Layout,
  factor: number,
  ciphertexts: readonly (Float64Array | undefined)[],
  count: number,
  { index, constants }: Picks = {},
): Float64Array[] {
  const { batchTile, virtualSlots } = layout;
  const all = layout.firstPlaces();
  const places = index === undefined ? all : index.map((element) => (element < 0 ? -1 : (all[element] ?? -1)));
  return Array.from({ length: count }, (_, k) =>
    Float64Array.from(places, (place, i) => {
      if (place < 0) return constants?.[i] ?? 0;
      const slots = ciphertexts[Math.floor(place / virtualSlots)];
      return (slots?.[(place % virtualSlots) * batchTile + k] ?? 0) * factor;
    }),
  );
}

/** For each ciphertext of a layout whether anything is read of it. */
export function pickedCiphertexts(layout: Layout, { index }: Picks = {}): boolean[] {
  const picked = Array.from({ length: layout.ciphertexts }, () => index === undefined);
  const places = index === undefined ? [] : layout.firstPlaces();
  for (const element of index ?? [])
    if (element >= 0) picked[Math.floor((places[element] ?? 0) / layout.virtualSlots)] = true;
  return picked;
}
