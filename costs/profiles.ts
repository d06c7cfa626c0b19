/**
 * Profiles: what a plan is compiled for. An engine's says what operations cost on it, what it holds in memory, and what it
 * can do; compiler, estimates and reports ask nothing else about an engine.
 */
import {
  bitLength,
  largestSealDegree,
  maxSpecialPrimes,
  type Parameters,
  type PolyModulusDegree,
  polyModulusDegrees,
} from '../ir/parameters.ts';
import type { EngineName } from '../ir/plan/plan.ts';
import type { EngineMemory } from './engine-memory.ts';
import { type CostTable, costTables } from './op-costs.ts';
import { sealMemory } from './seal-memory.ts';
import { simdMemory } from './simd-memory.ts';

/** What an engine can do: no plan that asks for more is proposed for it. */
export interface EngineCapabilities {
  readonly largestDegree: PolyModulusDegree;
  /** Bits of a prime, the special one included. */
  readonly largestPrimeBits: number;
  /** Primes for key switching at most. */
  readonly specialPrimes: number;
  /** Whether it brings ciphertexts back to the top level; a plan's depth ends where none does. */
  readonly refresh: boolean;
}

export interface EngineProfile {
  readonly name: EngineName;
  readonly costs: CostTable;
  readonly memory: EngineMemory;
  readonly capabilities: EngineCapabilities;
}

const simd: EngineProfile = {
  name: 'simd',
  costs: costTables.simd,
  memory: simdMemory,
  // Residues are doubles, whose products are exact up to this.
  capabilities: { largestDegree: 65536, largestPrimeBits: 48, specialPrimes: maxSpecialPrimes, refresh: true },
};

const sealWasm: EngineProfile = {
  name: 'seal-wasm',
  costs: costTables['seal-wasm'],
  memory: sealMemory,
  // SEAL takes primes of 60 bits; a plan has none that `simd` could not take, so that either engine runs it.
  capabilities: { largestDegree: largestSealDegree, largestPrimeBits: 48, specialPrimes: 1, refresh: false },
};

export const engineProfiles: Readonly<Record<EngineName, EngineProfile>> = { simd, 'seal-wasm': sealWasm };

/** Of the engine that runs plans unless told otherwise. */
export const defaultProfile: EngineProfile = simd;

/**
 * Of an engine, with costs that were measured in place of its own; no plan is larger than the degrees that these have.
 * @param memoryBytes of the machine: raises the limit of an engine that can take more
 */
export function profileOf(engine: EngineName = defaultProfile.name, costs?: CostTable, memoryBytes = 0): EngineProfile {
  const profile = engineProfiles[engine];
  const { memory } = profile;
  const limit = Math.max(memory.limit, Math.min(memory.most, memoryBytes));
  const keyBudget = memory.keyBudget * (limit / memory.limit);
  const { capabilities } = profile;
  const hasCosts = (degree: PolyModulusDegree): boolean => (costs ?? profile.costs)[degree] !== undefined;
  const largestDegree = polyModulusDegrees.findLast((each) => each <= capabilities.largestDegree && hasCosts(each));
  return {
    ...profile,
    costs: costs ?? profile.costs,
    capabilities: { ...capabilities, largestDegree: largestDegree ?? capabilities.largestDegree },
    memory: { ...memory, limit, keyBudget },
  };
}

/** What of the parameters is beyond an engine, if anything is. */
export function beyondCapabilities(
  { largestDegree, largestPrimeBits, specialPrimes: mostSpecial }: EngineCapabilities,
  { polyModulusDegree, primes, specialPrimes }: Parameters,
): string | undefined {
  if (polyModulusDegree > largestDegree) return `the degree ${polyModulusDegree} is above ${largestDegree}`;
  if (specialPrimes.length > mostSpecial)
    return `it switches keys with ${specialPrimes.length} special primes, more than ${mostSpecial}`;
  const large = [...primes, ...specialPrimes].find((prime) => bitLength(prime) > largestPrimeBits);
  return large === undefined ? undefined : `the prime ${large} has more than ${largestPrimeBits} bits`;
}
