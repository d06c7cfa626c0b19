/**
 * Chains with bootstraps: what a bootstrap takes is fixed by its precision, and the rest of the modulus is for the layers between two of
 * them. The depth of a plan then has no end. Those of N = 32768 have four or five levels for layers; `wide`, of N = 65536, has 18, for twice
 * as many slots, and needs a memory of 12 GiB or more.
 *
 * Bits from the bottom: a first prime of 40; StC, 24 for each of its matrices; the network; EvalMod, a polynomial of degree 30 and three
 * double angles in eight levels; CtS. Of special primes there are three of 48 bits at N = 32768, for a digit of three primes of 48 bits fits
 * them and more would cost a level for the network, and eight at 65536, where they make digits fewer. With E bits for EvalMod and a message ratio of 2^r the sine's cubic and the noise
 * are alike, which is where r comes from (`throughSine`, `bootstrapDeviation`).
 */
import type { BootstrapEffect, Bootstrapping, BootstrapSetName } from '../../ir/ckks/bootstrapping.ts';
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { maxModulusBits } from '../../ir/ckks/security.ts';
import { modulusBits, type Parameters, type PolyModulusDegree } from '../../ir/parameters.ts';
import { effectOf } from '../../passes/he/bootstrapping/managed-circuits.ts';
import { nttPrimes } from './primes.ts';

/** The ring of all sets but `wide`. At N = 16384 there is no room for a level, at N = 65536 a bootstrap takes four times as long. */
export const bootstrappedDegree = 32768;

interface Recipe {
  readonly name: BootstrapSetName;
  readonly degree: PolyModulusDegree;
  /** Rescales of StC and their bits. */
  readonly toCoefficientsBits: readonly number[];
  /** Special primes of 48 bits. */
  readonly specialPrimes: number;
  readonly evaluationBits: number;
  readonly toSlotsBits: number;
  readonly ratioBits: number;
  readonly scaleBits: number;
  /** Of the primes of the network, from the bottom: as many as levels between two bootstraps. */
  readonly residualBits: readonly number[];
  /** Of the scale of results, at most: rounding at 30 bits would be as large as the noise of the precise set. */
  readonly outputBits?: number;
}

const firstBits = 40;
const specialBits = 48;
const evaluation = 8;
const toSlots = 3;

/** What all sets of N = 32768 share. */
const narrow = { degree: 32768, toCoefficientsBits: [24, 24], specialPrimes: 3 } as const;

const recipes: readonly Recipe[] = [
  {
    ...narrow,
    name: 'precise',
    evaluationBits: 48,
    toSlotsBits: 44,
    ratioBits: 10,
    scaleBits: 30,
    residualBits: [30, 30, 30, 30],
  },
  {
    ...narrow,
    name: 'middle',
    evaluationBits: 46,
    toSlotsBits: 42,
    ratioBits: 9,
    scaleBits: 31,
    residualBits: [35, 35, 36, 36],
    outputBits: 36,
  },
  {
    ...narrow,
    name: 'deep',
    evaluationBits: 44,
    toSlotsBits: 40,
    ratioBits: 8,
    scaleBits: 32,
    residualBits: [32, 33, 33, 33, 33],
    outputBits: 33,
  },
  {
    name: 'wide',
    degree: 65536,
    toCoefficientsBits: [24, 24, 24],
    specialPrimes: 8,
    evaluationBits: 48,
    toSlotsBits: 46,
    ratioBits: 10,
    scaleBits: 30,
    residualBits: Array<number>(18).fill(40),
    outputBits: 40,
  },
];

/** A chain whose top is for bootstraps. */
export interface BootstrappedChain {
  readonly name: BootstrapSetName;
  readonly parameters: Parameters;
  readonly effect: BootstrapEffect;
}

/** The chain of a set. */
export function bootstrappedChain(name: BootstrapSetName): BootstrappedChain {
  const known = chains.get(name);
  if (known !== undefined) return known;
  const recipe = recipes.find((each) => each.name === name);
  const made = recipe && make(recipe);
  if (made === undefined) throw new InternalError(`the set ${name} is no chain within the limits`);
  chains.set(name, made);
  return made;
}

const chains = new Map<BootstrapSetName, BootstrappedChain>();

function make(recipe: Recipe): BootstrappedChain | undefined {
  const { name, degree, toCoefficientsBits, specialPrimes, evaluationBits, toSlotsBits, ratioBits, scaleBits } = recipe;
  const { residualBits, outputBits } = recipe;
  const special = Array<number>(specialPrimes).fill(specialBits);
  const top = [...Array<number>(evaluation).fill(evaluationBits), ...Array<number>(toSlots).fill(toSlotsBits)];
  const primes = nttPrimes([...special, firstBits, ...toCoefficientsBits, ...residualBits, ...top], degree);
  if (primes === undefined) return undefined;
  const parameters: Parameters = {
    polyModulusDegree: degree,
    primes: primes.slice(specialPrimes),
    specialPrimes: primes.slice(0, specialPrimes),
  };
  if (modulusBits(parameters) > maxModulusBits[degree]) return undefined;
  const circuit: Bootstrapping = {
    toCoefficients: toCoefficientsBits.length,
    residual: residualBits.length,
    evaluation,
    toSlots,
    ratioBits,
    scaleBits,
    ...(outputBits !== undefined && { outputBits }),
    mostWraps: 14,
    degree: 30,
    doubleAngles: 3,
  };
  return { name, parameters, effect: effectOf(parameters, circuit) };
}
