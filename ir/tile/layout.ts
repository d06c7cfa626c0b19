// Layouts: where the elements of a tensor stand in the slots of ciphertexts, as tile tensors (arXiv 2011.01805).
//
// A layout has dimensions, outermost first. Dimension d cuts n elements into tiles of t slots: element i stands in
// tile ⌊i / t⌋ at position i mod t, or, interleaved (`~`), in tile i mod o at position ⌊i / o⌋ with o = ⌈n / t⌉.
// The positions of all dimensions, row-major, are the slot; the tiles, row-major, are the ciphertext. The product
// of all n is the number of elements of the tensor, which stand row-major in the dimensions; a dimension with n = 1
// carries no element, so a tensor of [784] may have the layout `[784/32, */128]`.
//   `^`  multiplexed (Lee et al., ICML 2022, section 4): the elements of the dimension come, in the order of the tensor, right
//        after those of the first dimension that is not duplicated, though its positions stand here. So channels fill the
//        gaps that strides leave between positions: 32 channels of 16 × 16 in `[8/8, 16/16, 2^/2, 16/16, 2^/2]`.
//   `*`  the single element of the dimension is duplicated over all t positions;
//   `?`  positions that carry no element hold anything (otherwise they hold zero). Every op infers this for its result,
//        so that an op that needs zeros there (a polynomial of higher degree) is refused where the type says `?`.
// After the dimensions come the samples: every slot of the above is `batchTile` neighbouring slots wide, one for
// each sample, and samples beyond that are in ciphertexts of their own (computed one after another by the same
// program). Rotations by k virtual slots are rotations by k · batchTile slots, so that no kernel knows of batches.
import { InternalError } from '../diagnostics/diagnostic.ts';

export interface Dim {
  /** Number of elements along this dimension. */
  readonly n: number;
  /** Slots of one tile along this dimension; a power of two. */
  readonly t: number;
  readonly duplicated: boolean;
  readonly unknown: boolean;
  readonly interleaved: boolean;
  /** Has no more elements than positions. */
  readonly multiplexed: boolean;
}

export class Layout {
  readonly dims: readonly Dim[];
  /** Slots of one ciphertext that belong to one sample; the product of all t. */
  readonly virtualSlots: number;
  /** Neighbouring slots that hold the same element of different samples; a power of two. */
  readonly batchTile: number;
  readonly ciphertexts: number;
  readonly elements: number;
  private elementsBySlot: Int32Array | undefined;
  private placesByElement: Int32Array | undefined;

  constructor(dims: readonly Dim[], batchTile: number) {
    for (const dim of dims) {
      if (!isPowerOfTwo(dim.t)) throw new InternalError(`tile size ${dim.t} is no power of two`);
      const reason = whyNoDim(dim);
      if (reason !== undefined) throw new InternalError(reason);
    }
    this.dims = dims;
    this.batchTile = batchTile;
    this.virtualSlots = dims.reduce((product, { t }) => product * t, 1);
    this.ciphertexts = dims.reduce((product, dim) => product * tilesOf(dim), 1);
    this.elements = dims.reduce((product, { n }) => product * n, 1);
  }

  /** Slots of a ciphertext. */
  get slots(): number {
    return this.virtualSlots * this.batchTile;
  }

  /**
   * The element in each virtual slot of each ciphertext, −1 where there is none:
   * entry [ciphertext · virtualSlots + slot]. Computed once, and shared by all callers.
   */
  elementMap(): Int32Array {
    if (this.elementsBySlot !== undefined) return this.elementsBySlot;
    const map = new Int32Array(this.ciphertexts * this.virtualSlots).fill(-1);
    const places = this.firstPlaces();
    for (const offset of this.copyOffsets())
      for (let element = 0; element < places.length; element++) map[(places[element] ?? 0) + offset] = element;
    this.elementsBySlot = map;
    return map;
  }

  /** For each element its first place (positions 0 in duplicated dimensions): ciphertext · virtualSlots + slot. Shared. */
  firstPlaces(): Int32Array {
    if (this.placesByElement !== undefined) return this.placesByElement;
    let [slotStride, tileStride] = [this.virtualSlots, this.ciphertexts * this.virtualSlots];
    const strided = this.dims.map((dim) => {
      slotStride /= dim.t;
      tileStride /= tilesOf(dim);
      return { ...dim, tiles: tilesOf(dim), slotStride, tileStride };
    });
    let places = new Int32Array(1);
    for (const { n, t, interleaved, tiles, slotStride, tileStride } of inOrderOfElements(strided)) {
      const count = places.length;
      const inner = new Int32Array(count * n);
      for (let i = 0; i < n; i++) {
        const tile = interleaved ? i % tiles : Math.floor(i / t);
        const position = interleaved ? Math.floor(i / tiles) : i % t;
        const offset = tile * tileStride + position * slotStride;
        for (let outer = 0; outer < count; outer++) inner[outer * n + i] = (places[outer] ?? 0) + offset;
      }
      places = inner;
    }
    this.placesByElement = places;
    return places;
  }

  /** By how many slots the copies of every element stand behind its first place, itself included. */
  private copyOffsets(): number[] {
    let offsets = [0];
    let stride = this.virtualSlots;
    for (const { t, duplicated } of this.dims) {
      stride /= t;
      if (duplicated)
        offsets = Array.from({ length: t }, (_, r) => offsets.map((offset) => offset + r * stride)).flat();
    }
    return offsets;
  }

  /**
   * Slots after which the contents repeat: the part of the tile inside of the outermost duplicated dimensions.
   * Equal to virtualSlots where the outermost dimension is not duplicated.
   */
  get period(): number {
    let period = this.virtualSlots;
    for (const dim of this.dims) {
      if (dim.n !== 1 || (!dim.duplicated && dim.t !== 1)) break;
      period /= dim.t;
    }
    return period;
  }

  // Canonical text, e.g. `[784/32, */128]` or `[10/128, 1?/32] batch 16`.
  toString(): string {
    const dims = this.dims.map(({ n, t, duplicated, unknown, interleaved, multiplexed }) => {
      const size = duplicated ? '*' : `${n}${unknown ? '?' : ''}${interleaved ? '~' : ''}${multiplexed ? '^' : ''}`;
      return t === 1 ? size : `${size}/${t}`;
    });
    const batch = this.batchTile === 1 ? '' : ` batch ${this.batchTile}`;
    return `[${dims.join(', ')}]${batch}`;
  }

  equals(other: Layout): boolean {
    return this.toString() === other.toString();
  }

  /** Whether every element stands at the same places in both; what the other slots hold is ignored. */
  samePlaces(other: Layout): boolean {
    if (this.equals(other)) return true;
    if (this.ciphertexts !== other.ciphertexts || this.virtualSlots !== other.virtualSlots) return false;
    if (this.batchTile !== other.batchTile || this.elements !== other.elements) return false;
    const places = other.elementMap();
    return this.elementMap().every((element, i) => element === places[i]);
  }

  /** What stands in the slots without an element: zero in all of them, or anything in some. */
  get padding(): 'zero' | 'unknown' {
    return this.dims.some((dim) => dim.unknown && hasRoom(dim)) ? 'unknown' : 'zero';
  }

  /**
   * By place, as in `elementMap`: 1 where a slot may hold anything, because it is beside the elements along a dimension
   * marked `?`; what is so along others only holds zero.
   */
  unknownSlots(): Uint8Array {
    const map = new Uint8Array(this.ciphertexts * this.virtualSlots);
    const descend = (d: number, ciphertext: number, slot: number, isUnknown: boolean): void => {
      const dim = this.dims[d];
      if (dim === undefined) {
        if (isUnknown) map[ciphertext * this.virtualSlots + slot] = 1;
        return;
      }
      const tiles = tilesOf(dim);
      for (let tile = 0; tile < tiles; tile++) {
        for (let position = 0; position < dim.t; position++) {
          const i = dim.interleaved ? position * tiles + tile : tile * dim.t + position;
          const isBeside = dim.unknown && i >= dim.n;
          descend(d + 1, ciphertext * tiles + tile, slot * dim.t + position, isUnknown || isBeside);
        }
      }
    };
    if (this.padding === 'unknown') descend(0, 0, 0, false);
    return map;
  }

  /** The same places, with every dimension that has room beside its elements marked `?`. */
  withUnknown(): Layout {
    const dims = this.dims.map((dim) => ({
      ...dim,
      unknown: hasRoom(dim),
    }));
    return new Layout(dims, this.batchTile);
  }
}

/** Why there is no such dimension, or undefined where there is. */
export function whyNoDim({ n, t, duplicated, unknown, interleaved, multiplexed }: Dim): string | undefined {
  if (duplicated && n !== 1) return `a dimension of ${n} elements cannot be duplicated`;
  if (duplicated && (unknown || interleaved || multiplexed))
    return 'a duplicated dimension is neither unknown nor interleaved nor multiplexed';
  if (multiplexed && n > t) return `${n} elements cannot be multiplexed in ${t} slots`;
  return undefined;
}

/** Outermost first as the elements of the tensor go. */
function inOrderOfElements<D extends Dim>(dims: readonly D[]): readonly D[] {
  const inner = dims.findIndex(({ duplicated }) => !duplicated) + 1;
  const others = dims.slice(inner);
  return [
    ...dims.slice(0, inner),
    ...others.filter(({ multiplexed }) => multiplexed),
    ...others.filter(({ multiplexed }) => !multiplexed),
  ];
}

/** Whether some position along a dimension carries no element. */
function hasRoom(dim: Dim): boolean {
  return !dim.duplicated && tilesOf(dim) * dim.t > dim.n;
}

/** Number of tiles along a dimension. */
export function tilesOf({ n, t }: Dim): number {
  return Math.ceil(n / t);
}

const plain = { duplicated: false, unknown: false, interleaved: false, multiplexed: false };

/** `n/t`: n elements in tiles of t slots, zeros beside them. */
export function tiled(n: number, t: number): Dim {
  return { n, t, ...plain };
}

/** `n~/t`: interleaved tiles. */
export function interleaved(n: number, t: number): Dim {
  return { n, t, ...plain, interleaved: true };
}

/** `n^/t`: n elements of the outermost dimension, of t that there is room for. */
export function multiplexed(n: number, t: number): Dim {
  return { n, t, ...plain, multiplexed: true };
}

/** `*` over t slots. */
export function duplicated(t: number): Dim {
  return { n: 1, t, ...plain, duplicated: true };
}

/** `1?/t`: one element, then t − 1 slots that hold anything. */
export function gap(t: number): Dim {
  return { n: 1, t, ...plain, unknown: t > 1 };
}

export function isPowerOfTwo(x: number): boolean {
  return Number.isInteger(x) && x > 0 && 2 ** Math.round(Math.log2(x)) === x;
}

/** The least power of two at or above x. */
export function nextPowerOfTwo(x: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, x)));
}
