/** The statistics of a plan that follow from its program: counted when it is made, and again when it is read. */
import { lastUses } from '../he/last-uses.ts';
import type { HeModule } from '../he/module.ts';
import { heOpNames } from '../he/ops.ts';
import { keyNeeds } from '../he/keys.ts';
import {
  dividesScale,
  isAddition,
  isAutomorphism,
  isCipherProduct,
  isInput,
  isOutput,
  isPlainProduct,
  isProduct,
  isWeight,
  relinearizes,
  usesPlaintextB,
  usesValueA,
  usesValueB,
} from '../he/traits.ts';
import {
  bitLength,
  ciphertextBytes,
  keyHeapExpansion,
  type Parameters,
  plaintextBytes,
  switchingKeyBytes,
} from '../parameters.ts';
import type { PlanStatistics } from './plan.ts';

/** A managed program in execution order. */
export type PlannedProgram = Pick<HeModule, 'columns'> & { readonly parameters: Parameters };

/** What the program does not tell. */
export interface GivenStatistics {
  readonly weightTilesPruned: number;
  readonly predictedMaxError: number;
}

/**
 * Counts of one run. `weightTiles` are the distinct plaintexts that ciphertexts are multiplied by, and the encrypted
 * weights. `peakBytes` holds all keys as node-seal's heap has them, every plaintext once for each level and scale that it is encoded at, and the
 * most ciphertexts that are alive at once, all as an engine holds them in memory.
 */
export function countStatistics(program: PlannedProgram, given: GivenStatistics): PlanStatistics {
  const { parameters } = program;
  const counts = new Int32Array(256);
  for (const code of program.columns.op) counts[code] = (counts[code] ?? 0) + 1;
  const count = (has: (code: number) => boolean): number =>
    heOpNames.reduce((sum, _, code) => sum + (has(code) ? (counts[code] ?? 0) : 0), 0);
  const plaintexts = countPlaintexts(program);
  const keyBytes = switchingKeyBytes(parameters);
  const needs = keyNeeds(program.columns);
  const galoisKeys = needs.galoisSteps.length;
  const relinKeys = needs.relinearization ? 1 : 0;
  return {
    polyModulusDegree: parameters.polyModulusDegree,
    modulusBits: [...parameters.primes, parameters.specialPrime].map(bitLength),
    levels: parameters.primes.length,
    rotations: count(isAutomorphism),
    relinearizations: count(relinearizes),
    multiplyPlain: count(isPlainProduct),
    multiplyCipher: count(isCipherProduct),
    rescales: count(dividesScale),
    additions: count(isAddition),
    galoisKeys,
    galoisKeyBytes: galoisKeys * keyBytes,
    weightTiles: plaintexts.multiplied + count(isWeight),
    weightTilesPruned: given.weightTilesPruned,
    inputCiphertexts: count(isInput),
    outputCiphertexts: count(isOutput),
    peakBytes:
      Math.ceil((galoisKeys + relinKeys) * keyBytes * keyHeapExpansion) +
      plaintexts.bytes +
      peakCiphertextBytes(program),
    predictedMaxError: given.predictedMaxError,
  };
}

/** Distinct plaintexts that ciphertexts are multiplied by, and the bytes of all, once for each level and scale. */
export function countPlaintexts({ columns, parameters }: PlannedProgram): { multiplied: number; bytes: number } {
  const { op, b, level, plainScale } = columns;
  const multiplied = new Set<number>();
  /** By scale, since few differ: plaintext · 256 + level. */
  const encoded = new Map<number, Set<number>>();
  let bytes = 0;
  for (let id = 0; id < op.length; id++) {
    const code = op[id] ?? 0;
    if (!usesPlaintextB(code)) continue;
    const plaintext = b[id] ?? 0;
    if (isProduct(code)) multiplied.add(plaintext);
    const scale = plainScale[id] ?? 0;
    const known = encoded.get(scale) ?? new Set<number>();
    encoded.set(scale, known);
    const key = plaintext * 256 + (level[id] ?? 0);
    if (known.has(key)) continue;
    known.add(key);
    bytes += plaintextBytes(parameters, level[id] ?? 0);
  }
  return { multiplied: multiplied.size, bytes };
}

/** The most bytes of ciphertexts alive at once; operands and result of an op all are, but an output is its operand. */
export function peakCiphertextBytes(program: PlannedProgram): number {
  const { op, a, b, level, size } = program.columns;
  const lastUse = lastUses(program);
  const bytesOf = (id: number): number => ciphertextBytes(program.parameters, level[id] ?? 0, size[id] ?? 0);
  let alive = 0;
  let peak = 0;
  for (let id = 0; id < op.length; id++) {
    const code = op[id] ?? 0;
    const operandA = a[id] ?? -1;
    const operandB = b[id] ?? -1;
    if (isOutput(code) && lastUse[operandA] === id) continue;
    alive += bytesOf(id);
    peak = Math.max(peak, alive);
    if (usesValueA(code) && lastUse[operandA] === id) alive -= bytesOf(operandA);
    if (usesValueB(code) && operandB !== operandA && lastUse[operandB] === id) alive -= bytesOf(operandB);
  }
  return peak;
}
