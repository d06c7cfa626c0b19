/**
 * The memory of the engine `simd`: one for all workers, laid out before it starts. Keys are loaded up to the highest level
 * at which their step is used, limbs stand a little apart, sums of rotations have limbs of the special primes too, and an
 * encoding serves all levels up to its own. Tests hold all of it to what the engine plans (`session/memory-plan.ts`).
 */
import type { HeColumns } from '../ir/he/module.ts';
import { stagesOf } from '../ir/plan/stages.ts';
import { operandsOf } from '../ir/he/operands.ts';
import { isAutomorphism, isOutput, isPlainProduct, isSum, usesValueA } from '../ir/he/traits.ts';
import { collectEncodings } from './encodings.ts';
import type { EngineMemory, MemoryUse, PlannedProgram } from './engine-memory.ts';
import { hoistingOf } from './extended-rotations.ts';
import { keyLevels, levelsOfKeys } from './key-levels.ts';
import { allPrimes, type Parameters } from '../ir/parameters.ts';
import { keyDigits, keyDigitsAt } from '../ir/ckks/switching-keys.ts';
import type { RowReaders } from './row-readers.ts';

/** Between limbs, and after the blocks of a key. */
const staggerBytes = 128;

/** Values that sums hold beyond their last other use, factors and summands, and decompositions that are kept, at most. */
const mostHeld = 16;
const mostDecompositions = 4;

/** Plaintexts that are not kept are encoded into a few places. */
const stagingPlaces = 16;

/** Gaps between values of different sizes, beside one of the largest: measured on random programs, the worst of them. */
const gaps = 1.15;

/** Regions begin at multiples of 128 bytes, and memory is in pages. */
const roundingBytes = 2 ** 17;

function limbBytes(degree: number): number {
  return 8 * degree + staggerBytes;
}

/** Two elements of both polynomials stand side by side for each digit, block by block for each prime. */
function keyBytes(parameters: Parameters, level: number): number {
  const { polyModulusDegree, specialPrimes } = parameters;
  const digits = keyDigitsAt(parameters, level).length;
  return (level + 1 + specialPrimes.length) * ((polyModulusDegree / 2) * 32 * digits + staggerBytes);
}

function use({ columns: whole, parameters }: PlannedProgram): MemoryUse {
  const { columns } = stagesOf(whole);
  const degree = parameters.polyModulusDegree;
  const { readers, extended } = hoistingOf(columns);
  const used = keyLevels(columns, readers.needed);
  const plaintexts = plaintextUse({ columns, parameters }, extended);
  const staging = plaintexts.count === 0 ? 0 : Math.min(stagingPlaces, plaintexts.count) * plaintexts.largest;
  const partial =
    plaintexts.count === 0 ? 0 : 2 * plaintexts.largest + 2 * parameters.specialPrimes.length * limbBytes(degree);
  return {
    keys: levelsOfKeys(used).reduce((sum, level) => sum + keyBytes(parameters, level), 0),
    plaintexts: plaintexts.bytes,
    // The check of the kernels works where values will be.
    ciphertexts: Math.max(arenaBytes({ columns, parameters }, readers, extended), 3 * limbBytes(degree)),
    others: othersBytes(parameters) + used.rotations.size * 2 * degree,
    staging: staging + partial,
  };
}

function plaintextUse(
  { columns, parameters }: PlannedProgram,
  extended: Uint8Array,
): { bytes: number; count: number; largest: number } {
  const {
    polyModulusDegree: degree,
    specialPrimes: { length: specials },
  } = parameters;
  const { list, ofPosition } = collectEncodings(columns, { sharesLevels: true });
  const isExtended = new Uint8Array(list.length);
  for (let row = 0; row < ofPosition.length; row++) {
    const index = ofPosition[row] ?? -1;
    if (index >= 0 && extended[columns.a[row] ?? -1] === 1) isExtended[index] = 1;
  }
  let bytes = 0;
  let largest = 0;
  for (const [index, { level }] of list.entries()) {
    const own = (level + 1 + specials * (isExtended[index] ?? 0)) * limbBytes(degree);
    bytes += own;
    largest = Math.max(largest, own);
  }
  return { bytes, count: list.length, largest };
}

/** Tables of primes and encoders, workspace, and room for saved bytes: of a worker alone. */
function othersBytes(parameters: Parameters): number {
  const {
    polyModulusDegree: n,
    primes: { length: primes },
    specialPrimes: { length: specials },
  } = parameters;
  const all = allPrimes(parameters).length;
  const digits = keyDigits(parameters);
  const tables = all * (64 + 32 * n);
  // Digits modulo one prime, an inner product, coefficients and the rotated polynomial, and single limbs.
  const limbs = 4 * primes + digits.length + 5 * specials + 9;
  const workspace =
    limbs * limbBytes(n) + 16 * (primes + 2) * primes + conversionBytes(parameters) + 24 * 2 ** 10 + 8 * primes;
  const encoder = 64 * n;
  const loading = Math.max(2 * primes, all + 1) * 8 * n + 2 ** 14;
  return tables + workspace + encoder + loading + roundingBytes;
}

/** Constants of conversions from the first two and more primes of each digit, and from the special primes. */
function conversionBytes(parameters: Parameters): number {
  const targets = allPrimes(parameters).length;
  const { length: specials } = parameters.specialPrimes;
  const sizes = keyDigits(parameters).flatMap(({ from, to }) => Array.from({ length: to - from - 1 }, (_, k) => k + 2));
  if (specials > 1) sizes.push(specials);
  const over = 16 * (specials + 2) * parameters.primes.length;
  return sizes.reduce((sum, count) => sum + 16 * (count + targets * (count + 1)), over);
}

/**
 * The most bytes of values at once, and gaps. Products of a sum are none: their factors live until a sweep takes them, as do
 * other summands, at most `mostHeld` for sweeps alone; a sum that is swept before it ends has a partial result in either basis.
 */
function arenaBytes({ columns, parameters }: PlannedProgram, readers: RowReaders, extended: Uint8Array): number {
  const {
    polyModulusDegree: degree,
    specialPrimes: { length: specials },
  } = parameters;
  const { op, level, size } = columns;
  const { needed, sumOf } = readers;
  const rows = op.length;
  const limb = limbBytes(degree);
  const bytesOf = (row: number): number => {
    if (isOutput(op[row] ?? -1) || needed[row] !== 1) return 0;
    const sum = sumOf[row] ?? -1;
    if (sum !== -1 && sum !== row) return 0;
    const limbs = (level[row] ?? 0) + 1;
    return extended[row] === 1 ? 2 * (limbs + specials) * limb : (size[row] ?? 2) * limbs * limb;
  };
  const values = new Spans(rows);
  const held = new Spans(rows);
  const heldCount = new Spans(rows);
  const digits = new Spans(rows);
  let largest = 0;
  let largestHeld = 0;
  let largestDigits = 0;
  const { lastRead } = readers;
  const lastTerm = lastTerms(columns, readers);
  for (let row = 0; row < rows; row++) {
    const bytes = bytesOf(row);
    if (bytes === 0) continue;
    largest = Math.max(largest, bytes);
    const last = Math.max(row, lastRead[row] ?? row);
    values.add(row, last, bytes);
    if ((lastTerm[row] ?? -1) <= last) continue;
    held.add(last + 1, lastTerm[row] ?? row, bytes);
    heldCount.add(last + 1, lastTerm[row] ?? row, 1);
    largestHeld = Math.max(largestHeld, bytes);
  }
  for (const [source, { first, last }] of rotationsOf(columns, needed)) {
    const limbs = (level[source] ?? 0) + 1;
    const ofValue = (keyDigitsAt(parameters, limbs - 1).length * (limbs + specials) - limbs) * limb;
    digits.add(first, last, ofValue);
    largestDigits = Math.max(largestDigits, ofValue);
  }
  const partial = partialSums(columns, readers, heldCount.along(), { limb, specials });

  const [own, waiting, decomposed, parts] = [values, held, digits, partial].map((spans) => spans.along());
  let most = 0;
  for (let row = 0; row < rows; row++) {
    const sweeps = Math.min(waiting?.[row] ?? 0, (mostHeld + 1) * largestHeld);
    const decompositions = Math.min(decomposed?.[row] ?? 0, mostDecompositions * largestDigits);
    most = Math.max(most, (own?.[row] ?? 0) + sweeps + decompositions + (parts?.[row] ?? 0));
  }
  return gaps * most + largest + largestDigits;
}

/** By value: the last end of the sums that it is a factor or a summand for, −1 where there is none. */
function lastTerms(columns: HeColumns, { needed, sumOf }: RowReaders): Int32Array {
  const { op, a } = columns;
  const last = new Int32Array(op.length).fill(-1);
  const note = (value: number, sum: number): void => {
    last[value] = Math.max(last[value] ?? -1, sum);
  };
  for (let row = 0; row < op.length; row++) {
    if (needed[row] !== 1) continue;
    const code = op[row] ?? -1;
    const sum = sumOf[row] ?? -1;
    if (isPlainProduct(code)) note(a[row] ?? -1, sum);
    else if (isSum(code)) for (const value of operandsOf(columns, row)) if (sumOf[value] !== sum) note(value, sum);
  }
  return last;
}

/** From the first to the last rotation of each value that has two or more. */
function rotationsOf({ op, a }: HeColumns, needed: Uint8Array): Map<number, { first: number; last: number }> {
  const first = new Map<number, number>();
  const spans = new Map<number, { first: number; last: number }>();
  for (let row = 0; row < op.length; row++) {
    if (!isAutomorphism(op[row] ?? -1) || needed[row] !== 1) continue;
    const source = a[row] ?? -1;
    const start = first.get(source);
    if (start === undefined) first.set(source, row);
    else spans.set(source, { first: start, last: row });
  }
  return spans;
}

/** Results of sums so far: where something is added, or where more values wait than are held. */
function partialSums(
  columns: HeColumns,
  { needed, sumOf }: RowReaders,
  heldCount: Float64Array,
  { limb, specials }: { limb: number; specials: number },
): Spans {
  const { op, level } = columns;
  const rows = op.length;
  /** By row: the next one, or itself, at which a sweep may have to be early. */
  const nextFull = new Int32Array(rows + 1).fill(rows);
  for (let row = rows - 1; row >= 0; row--)
    nextFull[row] = (heldCount[row] ?? 0) > mostHeld ? row : (nextFull[row + 1] ?? rows);
  const begins = new Map<number, number>();
  for (let row = 0; row < rows; row++) {
    const sum = sumOf[row] ?? -1;
    if (sum === -1 || needed[row] !== 1 || !usesValueA(op[row] ?? 0)) continue;
    const addsValue = isSum(op[row] ?? -1) && operandsOf(columns, row).some((value) => sumOf[value] !== sum);
    const start = addsValue ? row : (nextFull[row] ?? rows);
    begins.set(sum, Math.min(begins.get(sum) ?? rows, start));
  }
  const partial = new Spans(rows);
  for (const [sum, start] of begins) {
    const limbs = (level[sum] ?? 0) + 1;
    if (start <= sum) partial.add(start, sum, 2 * (2 * limbs + specials) * limb);
    // The two parts of a sum, of which the end makes one.
    else partial.add(sum, sum, 2 * (2 * limbs + specials) * limb);
  }
  return partial;
}

/** A sum of amounts, each of which counts from one row to another. */
class Spans {
  private readonly changes: Float64Array;

  constructor(rows: number) {
    this.changes = new Float64Array(rows + 1);
  }

  add(first: number, last: number, amount: number): void {
    const { changes } = this;
    changes[first] = (changes[first] ?? 0) + amount;
    changes[last + 1] = (changes[last + 1] ?? 0) - amount;
  }

  /** By row. */
  along(): Float64Array {
    let sum = 0;
    return this.changes.map((change) => (sum += change));
  }
}

export const simdMemory: EngineMemory = {
  shared: true,
  // The rest of 4 GiB is for the workspaces of more workers, and for errors of the estimate.
  limit: 3.5 * 2 ** 30,
  // Of 16 GiB, in a memory of 64-bit addresses.
  most: 15.5 * 2 ** 30,
  sharesLevels: true,
  keyBudget: 3 * 2 ** 30,
  keyBytes,
  plaintextBytes: (degree, level) => (level + 1) * limbBytes(degree),
  ciphertextBytes: (degree, level, size) => size * (level + 1) * limbBytes(degree),
  use,
};
