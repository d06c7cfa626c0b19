/**
 * The statistics of a plan, and what it takes by the cost model. Counts follow from the program alone; they stand in the
 * file of a plan. What the profile of an engine says is computed when a plan is made or read, and stands in no file: a plan
 * stays good when a profile improves.
 */
import type { HeModule } from '../ir/he/module.ts';
import { heOpNames } from '../ir/he/ops.ts';
import {
  dividesScale,
  isAddition,
  isAutomorphism,
  isCipherProduct,
  isInput,
  isOutput,
  isPlainProduct,
  isWeight,
  relinearizes,
} from '../ir/he/traits.ts';
import { allPrimes, bitLength, type Parameters } from '../ir/parameters.ts';
import { switchingKeyBytes } from '../ir/ckks/switching-keys.ts';
import type { EngineName, Plan, PlanCounts, PlanStatistics } from '../ir/plan/plan.ts';
import { peakBytes, type PlannedProgram } from './engine-memory.ts';
import { keyLevels } from './key-levels.ts';
import { profileOf } from './profiles.ts';
import { evaluationCost, evaluationRowCosts } from './program-cost.ts';

/** What the program does not tell. */
export interface GivenStatistics {
  readonly weightTilesPruned: number;
  readonly predictedMaxError: number;
}

/** Counts of one run, and the memory that it takes on the engine. */
export function planStatistics(program: PlannedProgram, engine: EngineName, given: GivenStatistics): PlanStatistics {
  const { memory } = profileOf(engine);
  return { ...countProgram(program, given), peakBytes: peakBytes(memory.use(program), memory.limit) };
}

/** `weightTiles` are the distinct plaintexts that ciphertexts are multiplied by, and the encrypted weights. */
export function countProgram(
  { columns, parameters }: Pick<HeModule, 'columns'> & { readonly parameters: Parameters },
  given: GivenStatistics,
): PlanCounts {
  const counts = new Int32Array(256);
  for (const code of columns.op) counts[code] = (counts[code] ?? 0) + 1;
  const count = (has: (code: number) => boolean): number =>
    heOpNames.reduce((sum, _, code) => sum + (has(code) ? (counts[code] ?? 0) : 0), 0);
  const galoisLevels = [...keyLevels(columns).rotations.values()];
  return {
    polyModulusDegree: parameters.polyModulusDegree,
    modulusBits: allPrimes(parameters).map(bitLength),
    levels: parameters.primes.length,
    rotations: count(isAutomorphism),
    relinearizations: count(relinearizes),
    multiplyPlain: count(isPlainProduct),
    multiplyCipher: count(isCipherProduct),
    rescales: count(dividesScale),
    additions: count(isAddition),
    galoisKeys: galoisLevels.length,
    galoisKeyBytes: galoisLevels.reduce((sum, level) => sum + switchingKeyBytes(parameters, level), 0),
    weightTiles: multipliedPlaintexts(columns) + count(isWeight),
    weightTilesPruned: given.weightTilesPruned,
    inputCiphertexts: count(isInput),
    outputCiphertexts: count(isOutput),
    predictedMaxError: given.predictedMaxError,
  };
}

function multipliedPlaintexts({ op, b }: HeModule['columns']): number {
  const multiplied = new Set<number>();
  for (let id = 0; id < op.length; id++) if (isPlainProduct(op[id] ?? -1)) multiplied.add(b[id] ?? 0);
  return multiplied.size;
}

/** Milliseconds of one run on one thread of the engine that the plan is for, by its profile. */
export function evaluationMilliseconds({ engine, program }: Pick<Plan, 'engine' | 'program'>): number {
  const profile = profileOf(engine);
  return evaluationCost(program, profile, profile.memory.use(program));
}

/** Milliseconds of each row of it, which add up to that. */
export function evaluationRowMilliseconds({ engine, program }: Pick<Plan, 'engine' | 'program'>): Float64Array {
  const profile = profileOf(engine);
  return evaluationRowCosts(program, profile, profile.memory.use(program));
}
