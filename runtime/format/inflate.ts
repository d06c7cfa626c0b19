/**
 * DEFLATE decompression (RFC 1951) of bytes that nobody vouches for, in time linear in input plus output.
 *
 * `fflate` inflates too, but accepts over-subscribed Huffman codes and fills a 2^15-entry table for each: 30 hostile
 * bytes cost it 10 ms, so that one megabyte hangs it for minutes. Here every code is checked before use and costs
 * at most about a thousand steps, and the output never exceeds the size that the caller has allowed.
 */

export class InflateError extends Error {}

/**
 * The `size` bytes that the raw DEFLATE stream `source` holds.
 *
 * Throws InflateError when the stream is invalid, or does not end exactly where `source` does, or does not hold exactly
 * `size` bytes. `size` is allocated at once, unless `source` is too short to hold so much: bound it first.
 */
export function inflate(source: Uint8Array, size: number): Uint8Array {
  if (size > maxRatio * source.length) throw new InflateError(`it is too short to hold ${size} bytes`);
  const input = new BitReader(source);
  const output = new Uint8Array(size);
  const dynamicCodes = { literals: new HuffmanCode(288), distances: new HuffmanCode(32) };
  let written = 0;
  for (let final = false; !final;) {
    final = input.take(1) === 1;
    switch (input.take(2)) {
      case 0:
        written = copyStored(input, output, written);
        break;
      case 1:
        written = inflateBlock(input, output, written, fixedCodes);
        break;
      case 2:
        readCodes(input, dynamicCodes);
        written = inflateBlock(input, output, written, dynamicCodes);
        break;
      default:
        throw new InflateError('it has a block of unknown type');
    }
  }
  if (written !== size) throw new InflateError(`it holds ${written} bytes instead of ${size}`);
  if (input.remainingBytes() > 0) throw new InflateError('it goes on after its end');
  return output;
}

/** A match of 258 bytes takes two bits at least. */
const maxRatio = (258 * 8) / 2;

interface BlockCodes {
  readonly literals: HuffmanCode;
  readonly distances: HuffmanCode;
}

/** Bits of each byte from the lowest up. Past the end there are zeros to look at, but not to take. */
class BitReader {
  readonly #source: Uint8Array;
  #next = 0;
  #bits = 0;
  #count = 0;

  constructor(source: Uint8Array) {
    this.#source = source;
  }

  /** The next 16 bits at least, in the low bits; zeros past the end. */
  peek(): number {
    while (this.#count <= 16) {
      if (this.#next >= this.#source.length) break;
      this.#bits |= (this.#source[this.#next++] ?? 0) << this.#count;
      this.#count += 8;
    }
    return this.#bits;
  }

  /** Moves past `count` bits that `peek` has shown. */
  skip(count: number): void {
    if (count > this.#count) throw new InflateError('it is cut short');
    this.#bits >>>= count;
    this.#count -= count;
  }

  /** The next `count` bits, at most 16, as a number. */
  take(count: number): number {
    const value = this.peek() & ((1 << count) - 1);
    this.skip(count);
    return value;
  }

  /** The next `count` whole bytes, after the rest of the current one has been dropped. */
  takeBytes(count: number): Uint8Array {
    this.#next -= this.#count >> 3;
    this.#bits = 0;
    this.#count = 0;
    const start = this.#next;
    if (start + count > this.#source.length) throw new InflateError('it is cut short');
    this.#next += count;
    return this.#source.subarray(start, start + count);
  }

  remainingBytes(): number {
    return this.#source.length - this.#next + (this.#count >> 3);
  }
}

const maxCodeBits = 15;
const fastBits = 10;

/** A canonical Huffman code: a table for codes of at most `fastBits` bits, counting for the longer ones. */
class HuffmanCode {
  /** By the next `fastBits` bits: symbol << 4 | length, or 0 where no short code matches. */
  readonly #fast = new Uint16Array(1 << fastBits);
  /** How many codes have each length, and the symbols in the order of their codes. */
  readonly #counts = new Uint16Array(maxCodeBits + 1);
  readonly #symbols: Uint16Array;

  constructor(maxSymbols: number) {
    this.#symbols = new Uint16Array(maxSymbols);
  }

  /**
   * Defines the code by the length in bits of each symbol's code, 0 for none. Refuses over-subscribed codes and
   * incomplete ones, apart from what compressors write when they need at most one distance.
   */
  define(lengths: Uint8Array, mayBeIncomplete: boolean): this {
    const counts = this.#counts.fill(0);
    for (const length of lengths) counts[length] = (counts[length] ?? 0) + 1;
    const used = lengths.length - (counts[0] ?? 0);
    counts[0] = 0;

    /** First code, and first position in `symbols`, of each length. */
    const codes = new Uint16Array(maxCodeBits + 2);
    const offsets = new Uint16Array(maxCodeBits + 2);
    let free = 1;
    for (let length = 1; length <= maxCodeBits; length++) {
      const count = counts[length] ?? 0;
      free = 2 * free - count;
      if (free < 0) throw new InflateError('it has an over-subscribed Huffman code');
      codes[length + 1] = ((codes[length] ?? 0) + count) << 1;
      offsets[length + 1] = (offsets[length] ?? 0) + count;
    }
    const atMostOneBit = used <= 1 && (counts[1] ?? 0) === used;
    if (free > 0 && !(mayBeIncomplete && atMostOneBit)) throw new InflateError('it has an incomplete Huffman code');

    this.#fast.fill(0);
    for (const [symbol, length] of lengths.entries()) {
      if (length === 0) continue;
      const offset = offsets[length] ?? 0;
      this.#symbols[offset] = symbol;
      offsets[length] = offset + 1;
      const code = codes[length] ?? 0;
      codes[length] = code + 1;
      if (length > fastBits) continue;
      for (let at = reverseBits(code, length); at < 1 << fastBits; at += 1 << length)
        this.#fast[at] = (symbol << 4) | length;
    }
    return this;
  }

  /** Takes one code off `input` and returns its symbol. */
  decode(input: BitReader): number {
    const bits = input.peek();
    const entry = this.#fast[bits & ((1 << fastBits) - 1)] ?? 0;
    if (entry !== 0) {
      input.skip(entry & 15);
      return entry >> 4;
    }
    let code = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length <= maxCodeBits; length++) {
      code |= (bits >> (length - 1)) & 1;
      const count = this.#counts[length] ?? 0;
      if (code - first < count) {
        input.skip(length);
        return this.#symbols[index + code - first] ?? 0;
      }
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    throw new InflateError('it has an invalid code');
  }
}

function reverseBits(value: number, count: number): number {
  let reversed = 0;
  for (let bit = 0; bit < count; bit++) reversed |= ((value >> bit) & 1) << (count - 1 - bit);
  return reversed;
}

const fixedCodes: BlockCodes = {
  literals: new HuffmanCode(288).define(
    Uint8Array.from({ length: 288 }, (_, symbol) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8)),
    false,
  ),
  distances: new HuffmanCode(32).define(new Uint8Array(32).fill(5), false),
};

const endOfBlock = 256;
/** RFC 1951, 3.2.5: base and number of extra bits of the length symbols from 257 and of the distance symbols. */
const lengthExtra = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
/** The last symbol is a shorter way to write the greatest length. */
const lengthBase = [...basesFrom(3, lengthExtra.slice(0, -1)), 258];
const distanceExtra = [0, 0, ...Array.from({ length: 28 }, (_, i) => i >> 1)];
const distanceBase = basesFrom(1, distanceExtra);

function basesFrom(start: number, extra: readonly number[]): number[] {
  let base = start;
  return extra.map((bits) => {
    const own = base;
    base += 1 << bits;
    return own;
  });
}

/** RFC 1951, 3.2.7: the order in which the lengths of the code-length code are written. */
const codeLengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** Reads the header of a dynamic block and defines `codes` by it. */
function readCodes(input: BitReader, codes: BlockCodes): void {
  const literalCount = input.take(5) + 257;
  const distanceCount = input.take(5) + 1;
  const codeLengthCount = input.take(4) + 4;
  if (literalCount > 286 || distanceCount > 30) throw new InflateError('it has too many symbols');
  const codeLengths = new Uint8Array(19);
  for (const symbol of codeLengthOrder.slice(0, codeLengthCount)) codeLengths[symbol] = input.take(3);
  const code = new HuffmanCode(19).define(codeLengths, false);

  const lengths = new Uint8Array(literalCount + distanceCount);
  for (let at = 0; at < lengths.length;) {
    const symbol = code.decode(input);
    if (symbol < 16) {
      lengths[at++] = symbol;
      continue;
    }
    if (symbol === 16 && at === 0) throw new InflateError('it repeats a code length before the first');
    const repeated = symbol === 16 ? (lengths[at - 1] ?? 0) : 0;
    const times = symbol === 16 ? 3 + input.take(2) : symbol === 17 ? 3 + input.take(3) : 11 + input.take(7);
    if (at + times > lengths.length) throw new InflateError('it repeats a code length beyond the last');
    lengths.fill(repeated, at, at + times);
    at += times;
  }
  if (lengths[endOfBlock] === 0) throw new InflateError('it has a block without an end');
  codes.literals.define(lengths.subarray(0, literalCount), true);
  codes.distances.define(lengths.subarray(literalCount), true);
}

/** Writes the block that follows to `output` from `start`; returns where it ends. */
function inflateBlock(input: BitReader, output: Uint8Array, start: number, codes: BlockCodes): number {
  let written = start;
  for (;;) {
    const symbol = codes.literals.decode(input);
    if (symbol === endOfBlock) return written;
    if (symbol < endOfBlock) {
      if (written >= output.length) throw tooLong(output);
      output[written++] = symbol;
      continue;
    }
    const length = extended(input, lengthBase, lengthExtra, symbol - 257);
    const distance = extended(input, distanceBase, distanceExtra, codes.distances.decode(input));
    if (distance > written) throw new InflateError('it copies from before its start');
    if (length > output.length - written) throw tooLong(output);
    for (const end = written + length; written < end; written++) output[written] = output[written - distance] ?? 0;
  }
}

function extended(input: BitReader, bases: readonly number[], extras: readonly number[], index: number): number {
  const base = bases[index];
  const extra = extras[index];
  if (base === undefined || extra === undefined) throw new InflateError('it has an invalid code');
  return base + input.take(extra);
}

function copyStored(input: BitReader, output: Uint8Array, start: number): number {
  const [low = 0, high = 0, lowCheck = 0, highCheck = 0] = input.takeBytes(4);
  const length = low | (high << 8);
  if ((length ^ 0xffff) !== (lowCheck | (highCheck << 8)))
    throw new InflateError('it has a stored block of unsure length');
  if (length > output.length - start) throw tooLong(output);
  output.set(input.takeBytes(length), start);
  return start + length;
}

function tooLong(output: Uint8Array): InflateError {
  return new InflateError(`it holds more than ${output.length} bytes`);
}
