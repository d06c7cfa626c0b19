/**
 * What a managed program is estimated to cost: time on one thread by a table of operation costs, and bytes between
 * client and server. Every estimate is a sum over rows, so that programs of any size are weighed in one pass.
 */
import { ciphertextBytes, type Parameters, topLevel } from '../ir/parameters.ts';
import { InternalError } from '../ir/diagnostics/diagnostic.ts';
import { collectEncodings, type Encoding, worthKeeping } from './encodings.ts';
import { type EngineMemory, keptPlaintextBytes, type MemoryUse } from './engine-memory.ts';
import { hoistingOf } from './extended-rotations.ts';
import type { HeColumns, HeModule } from '../ir/he/module.ts';
import { type CostedOp, type CostTable, defaultCostTable, degreeCosts, hoists, opCost } from './op-costs.ts';
import { operandsOf } from '../ir/he/operands.ts';
import { refreshedLevel } from '../ir/he/ops.ts';
import { portRows } from '../ir/he/ports.ts';
import { costNameOf, isAutomorphism, isPlainProduct, lowersLevel, restoresLevel } from '../ir/he/traits.ts';
import type { RowReaders } from './row-readers.ts';

/** A program with levels: after `assign-levels`. */
export type CostedProgram = Pick<HeModule, 'columns' | 'parameters'>;

/** A seed stands for the second polynomial of a fresh ciphertext. */
const seedBytes = 64;

/** What a division by the special prime adds to a rescale that follows it at once, of what it costs alone. */
const secondDivisionShare = 0.4;

/** Plaintexts that an encoder of a lower level costs to build; it pays where many are encoded at that level. */
const lowerEncoderPlaintexts = 100;

/**
 * Milliseconds of one evaluation on one thread, from inputs as bytes to outputs as bytes. Weights are encoded before,
 * so that `encodingCost` is not part of it. Throws `InternalError` for a program without parameters.
 */
export function programCost(program: CostedProgram, table: CostTable = defaultCostTable): number {
  return rowCosts(program, table).reduce((sum, cost) => sum + cost, 0);
}

/**
 * Milliseconds of each row. Rotations of one value share its decomposition, which the first of them pays; sums of
 * rotations share a division (`extended-rotations.ts`), which the row pays that ends the sum.
 */
export function rowCosts(program: CostedProgram, table: CostTable = defaultCostTable): Float64Array {
  const parameters = managed(program);
  const { columns } = program;
  const { polyModulusDegree: degree } = parameters;
  const { op, level } = columns;
  const costs = Float64Array.from(op, (_, row) => rowCost(columns, row, parameters, table));
  if (!hoists(table, degree)) return costs;
  const { readers, extended } = hoistingOf(columns);
  const cost = (name: CostedOp, row: number): number => opCost(name, level[row] ?? 0, degree, table, parameters);
  const pay = (row: number, milliseconds: number): void => {
    costs[row] = (costs[row] ?? 0) + milliseconds;
  };

  for (const rows of rotationsBySource(columns, readers.needed)) {
    const [first = -1] = rows;
    const shared = cost('decompose', first);
    const saved = cost('rotate', first) - cost('rotate-hoisted', first);
    if (rows.length * saved <= shared) continue;
    for (const row of rows) pay(row, -saved);
    pay(first, shared);
  }
  for (const [row, isExtended] of extended.entries()) if (isExtended === 1) pay(row, -cost('mod-down', row));
  // Products in the extended basis have limbs of all special primes; with one of them that is within what was measured.
  const more = (parameters.specialPrimes.length - 1) * degreeCosts(table, degree)['multiply-plain'].perPrime;
  for (let row = 0; more > 0 && row < op.length; row++)
    if (isPlainProduct(op[row] ?? -1) && extended[columns.a[row] ?? -1] === 1) pay(row, more);
  for (const sum of sumsOfExtended(columns, readers, extended)) {
    const share = (readers.rescaleOf[sum] ?? -1) === -1 ? 1 : secondDivisionShare;
    pay(sum, share * cost('mod-down', sum));
  }
  return costs;
}

/** The rotations and other automorphisms of each value, in order. */
function rotationsBySource({ op, a }: HeColumns, needed: Uint8Array): Iterable<number[]> {
  const rotations = new Map<number, number[]>();
  for (const [row, code] of op.entries()) {
    if (!isAutomorphism(code) || needed[row] !== 1) continue;
    const from = a[row] ?? -1;
    const others = rotations.get(from);
    if (others === undefined) rotations.set(from, [row]);
    else others.push(row);
  }
  return rotations.values();
}

/** The rows that end sums of rotations in the extended basis. */
function sumsOfExtended(columns: HeColumns, { needed, sumOf }: RowReaders, extended: Uint8Array): Set<number> {
  const sums = new Set<number>();
  for (let row = 0; row < columns.op.length; row++) {
    if (needed[row] !== 1) continue;
    if (operandsOf(columns, row).some((operand) => extended[operand] === 1)) sums.add(sumOf[row] ?? row);
  }
  return sums;
}

/** Milliseconds of one row by itself; what lowers the level is priced at the level of its operand. */
export function rowCost(
  { op, a, level }: HeColumns,
  row: number,
  parameters: Parameters,
  table: CostTable = defaultCostTable,
): number {
  const code = op[row] ?? -1;
  const operand = lowersLevel(code) ? (a[row] ?? 0) : row;
  return opCost(costNameOf(code), level[operand] ?? 0, parameters.polyModulusDegree, table, parameters);
}

/** What of an engine decides how long an evaluation takes. */
export interface EngineCosts {
  readonly costs: CostTable;
  readonly memory: Pick<EngineMemory, 'limit' | 'sharesLevels'>;
}

/**
 * Milliseconds of encoding every plaintext operand once, on one thread. An engine encodes for a level as cheaply as that
 * level is; or, where encodings do not share levels, with all primes, of which it drops some, or with an encoder that it
 * builds for the level, whichever is cheaper.
 */
export function encodingCost(program: CostedProgram, engine: EngineCosts): number {
  const { list } = collectEncodings(program.columns, engine.memory);
  let sum = 0;
  for (const cost of levelEncodingCosts(program, list, engine).values()) sum += cost;
  return sum;
}

/** By level: milliseconds of all the encodings of a program at it, in the order of their first use. */
function levelEncodingCosts(
  program: CostedProgram,
  encodings: readonly Encoding[],
  { costs, memory: { sharesLevels } }: EngineCosts,
): Map<number, number> {
  const parameters = managed(program);
  const { polyModulusDegree: degree } = parameters;
  const atTop = opCost('encode', topLevel(parameters), degree, costs);
  const costOf = (level: number, count: number): number => {
    const atLevel = count * opCost('encode', level, degree, costs);
    return sharesLevels ? atLevel : Math.min(count * atTop, atLevel + lowerEncoderPlaintexts * atTop);
  };
  return new Map([...countByLevel(encodings)].map(([level, count]) => [level, costOf(level, count)]));
}

/**
 * Milliseconds of one evaluation with `use` of the engine's memory: `programCost`, and the encoding of what plaintexts
 * find no room, each time that it is used.
 */
export function evaluationCost(program: CostedProgram, engine: EngineCosts, use: MemoryUse): number {
  const again = encodedAgain(program, engine, use);
  return programCost(program, engine.costs) + (again?.reduce((sum, cost) => sum + cost, 0) ?? 0);
}

/** Milliseconds of each row, which add up to `evaluationCost`. */
export function evaluationRowCosts(program: CostedProgram, engine: EngineCosts, use: MemoryUse): Float64Array {
  const costs = rowCosts(program, engine.costs);
  const again = encodedAgain(program, engine, use);
  return again === undefined ? costs : costs.map((cost, row) => cost + (again[row] ?? 0));
}

/**
 * By row: milliseconds of encoding its plaintext where that is not kept; undefined where all are. Those are kept that save the most
 * time for their bytes, as the engines do it, so that matrices of many bootstraps go before weights of one layer.
 */
function encodedAgain(program: CostedProgram, engine: EngineCosts, use: MemoryUse): Float64Array | undefined {
  const kept = keptPlaintextBytes(use, engine.memory.limit);
  if (use.plaintexts <= kept) return undefined;
  const { columns } = program;
  const { list, ofPosition } = collectEncodings(columns, engine.memory);
  const byLevel = levelEncodingCosts(program, list, engine);
  const counts = countByLevel(list);
  const { polyModulusDegree: degree } = managed(program);
  const costAt = (row: number, { level }: Encoding): number =>
    engine.memory.sharesLevels
      ? opCost('encode', columns.level[row] ?? 0, degree, engine.costs)
      : (byLevel.get(level) ?? 0) / (counts.get(level) ?? 1);
  const again = new Float64Array(ofPosition.length);
  const saved = new Float64Array(list.length);
  for (const [row, index] of ofPosition.entries()) {
    const encoding = list[index];
    if (encoding === undefined) continue;
    again[row] = costAt(row, encoding);
    saved[index] = (saved[index] ?? 0) + (again[row] ?? 0);
  }
  // In limbs, of which there are as many for the special primes of all alike.
  const limbs = list.map(({ level }) => level + 1);
  const bytesOfLimb = use.plaintexts / limbs.reduce((sum, count) => sum + count, 0);
  const isKept = worthKeeping(saved, limbs, kept / bytesOfLimb);
  for (const [row, index] of ofPosition.entries()) if (isKept[index] === 1) again[row] = 0;
  return again;
}

/**
 * Bytes that the client sends for one evaluation: a polynomial and a seed for each input ciphertext, and for each that it refreshes.
 * Headers, less than a hundredth of it, are left out; keys are sent once and not counted.
 */
export function uploadBytes(program: CostedProgram): number {
  const parameters = managed(program);
  const { level } = program.columns;
  const inputs = sumOver(portRows(program.columns, 'input'), (row) => freshBytes(parameters, level[row] ?? 0));
  return inputs + refreshedBytes(program, parameters).up;
}

/** Bytes that the server sends: all polynomials of each output ciphertext, and of each that the client refreshes. */
export function downloadBytes(program: CostedProgram): number {
  const parameters = managed(program);
  const { a, level, size } = program.columns;
  const outputs = sumOver(portRows(program.columns, 'output'), (row) => {
    const value = a[row] ?? 0;
    return ciphertextBytes(parameters, level[value] ?? 0, size[value] ?? 0);
  });
  return outputs + refreshedBytes(program, parameters).down;
}

/** Of these the bytes that are sent in round trips for refreshes, both ways. */
export function refreshBytes(program: CostedProgram): number {
  const { up, down } = refreshedBytes(program, managed(program));
  return up + down;
}

function refreshedBytes(
  { columns: { op, level } }: CostedProgram,
  parameters: Parameters,
): { up: number; down: number } {
  const rows = Array.from(op.keys()).filter((row) => restoresLevel(op[row] ?? -1));
  return {
    up: sumOver(rows, (row) => freshBytes(parameters, level[row] ?? 0)),
    down: rows.length * ciphertextBytes(parameters, refreshedLevel, 2),
  };
}

/** A seed stands for the second polynomial. */
function freshBytes(parameters: Parameters, level: number): number {
  return ciphertextBytes(parameters, level, 1) + seedBytes;
}

function countByLevel(encodings: readonly Encoding[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { level } of encodings) counts.set(level, (counts.get(level) ?? 0) + 1);
  return counts;
}

function sumOver(rows: readonly number[], bytesOf: (row: number) => number): number {
  return rows.reduce((sum, row) => sum + bytesOf(row), 0);
}

function managed({ parameters }: CostedProgram): Parameters {
  if (parameters === undefined) throw new InternalError('costs of a program are known once its levels are assigned');
  return parameters;
}
