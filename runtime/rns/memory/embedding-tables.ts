/**
 * The tables of the kernel `embed` for one degree, one after another:
 *
 * - for each place of its transform's input, in bit-reversed order, the byte offsets of the two slots that are the real
 *   and the imaginary part, as 32-bit words;
 * - the roots of unity that its stages multiply by, and those of its last step: for two neighbours the real parts, then
 *   the imaginary parts (`assembly/embedding.ts` has the order of the neighbours).
 *
 * SEAL's slot j is the value at exp(πi·3^j / n) (SEAL 4.1, ckks.cpp: generator 3). The kernel wants the value at
 * exp(πi(4t + 1) / n) as its t-th: since slots are real, that is the slot of 3^j = 4t + 1 or of 3^j = 2n − (4t + 1).
 */

/** Bytes of the tables for degree `n`, a power of two of at least 16. */
export function embeddingTableBytes(n: number): number {
  const size = n / 4;
  const ofStages = stages(size).reduce((bytes, { length, powers }) => bytes + 16 * powers * length, 0);
  return 8 * size + ofStages + 24 * size;
}

/** Fills `embeddingTableBytes(n)` bytes at `address`. */
export function fillEmbeddingTables(buffer: ArrayBufferLike, address: number, n: number): void {
  const size = n / 4;
  fillOffsets(new Uint32Array(buffer, address, 2 * size), slotsByRoot(n));
  const roots = new Float64Array(buffer, address + 8 * size, embeddingTableBytes(n) / 8 - size);
  let at = 0;
  const push = (first: number, second: number, order: number): void => {
    const [x, y] = [rootOfUnity(first, order), rootOfUnity(second, order)];
    roots.set([x.real, y.real, x.imaginary, y.imaginary], at);
    at += 4;
  };
  for (const { length, order, powers } of stages(size))
    for (let j = 0; j < length; j += 2)
      for (let power = 1; power <= powers; power++) push(-power * j, -power * (j + 1), order);
  for (let k = 1; k < size / 2; k += 2) {
    push(-4 * k, -4 * (k + 1), 2 * n);
    push(-k, -(k + 1), 2 * n);
    push(k - size, k + 1 - size, 2 * n);
  }
}

interface Stage {
  /** Of the transforms that it combines, as many as `powers` + 1. */
  readonly length: number;
  readonly powers: 1 | 3;
  /** Of its roots of unity. */
  readonly order: number;
}

/** The stages with tables of a transform of `size` numbers: a first one of radix 4, perhaps one of radix 2, radix 4. */
function stages(size: number): Stage[] {
  const result: Stage[] = [];
  const isOdd = Math.log2(size) % 2 === 1;
  if (isOdd) result.push({ length: 4, powers: 1, order: 8 });
  for (let length = isOdd ? 8 : 4; length < size; length *= 4) result.push({ length, powers: 3, order: 4 * length });
  return result;
}

/** By t: the slot that belongs to the root exp(πi(4t + 1) / n) or to its conjugate. */
export function slotsByRoot(n: number): Uint32Array {
  const slots = new Uint32Array(n / 2);
  for (let slot = 0, exponent = 1; slot < n / 2; slot++, exponent = (3 * exponent) % (2 * n))
    slots[((exponent % 4 === 1 ? exponent : 2 * n - exponent) - 1) / 4] = slot;
  return slots;
}

function fillOffsets(offsets: Uint32Array, slots: Uint32Array): void {
  const size = offsets.length / 2;
  const bits = Math.log2(size);
  for (let place = 0; place < size; place++) {
    let index = 0;
    for (let bit = 0; bit < bits; bit++) index = 2 * index + ((place >> bit) & 1);
    offsets[2 * place] = 8 * (slots[2 * index] ?? 0);
    offsets[2 * place + 1] = 8 * (slots[2 * index + 1] ?? 0);
  }
}

/**
 * exp(2πi·k / order) for an order that is a power of two of at least 8: sine and cosine are taken of angles up to π/4 only,
 * where the rounding of the angle costs less than a unit in their last place.
 */
function rootOfUnity(k: number, order: number): { readonly real: number; readonly imaginary: number } {
  const turns = ((k % order) + order) % order;
  const quarter = order / 4;
  const quadrant = Math.floor(turns / quarter);
  const left = turns % quarter;
  const isNear = 2 * left <= quarter;
  const angle = (2 * Math.PI * (isNear ? left : quarter - left)) / order;
  const [x, y] = isNear ? [Math.cos(angle), Math.sin(angle)] : [Math.sin(angle), Math.cos(angle)];
  switch (quadrant) {
    case 0:
      return { real: x, imaginary: y };
    case 1:
      return { real: -y, imaginary: x };
    case 2:
      return { real: -x, imaginary: -y };
    default:
      return { real: y, imaginary: -x };
  }
}
