/**
 * Chains with bootstraps, for N = 32768: what a bootstrap takes is fixed by its precision, and the rest of the modulus is for the
 * layers between two of them. The depth of a plan then has no end.
 *
 * Bits from the bottom: a first prime of 40; StC, whose matrices need 48 bits together; the network; EvalMod, a polynomial of degree
 * 30 and three double angles in eight levels; CtS. Three special primes of 48 bits: a digit of three primes of 48 bits fits, and more
 * of them cost a level for the network. With E bits for EvalMod and a message ratio of 2^r the sine's cubic and the noise
 * are alike, which is where r comes from (`throughSine`, `bootstrapDeviation`).
 */
import type { BootstrapEffect, Bootstrapping, BootstrapSetName } from '../../ir/ckks/bootstrapping.ts';
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { maxModulusBits } from '../../ir/ckks/security.ts';
import { modulusBits, type Parameters, type PolyModulusDegree } from '../../ir/parameters.ts';
import { effectOf } from '../../passes/he/bootstrapping/managed-circuits.ts';
import { nttPrimes } from './primes.ts';

/** The ring of all of them. At N = 16384 there is no room for a level, at N = 65536 each takes four times as long. */
export const bootstrappedDegree = 32768;

interface Recipe {
  readonly name: BootstrapSetName;
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
const toCoefficientsBits = [24, 24];
const specialBits = [48, 48, 48];
const evaluation = 8;
const toSlots = 3;

const recipes: readonly Recipe[] = [
  {
    name: 'precise',
    evaluationBits: 48,
    toSlotsBits: 44,
    ratioBits: 10,
    scaleBits: 30,
    residualBits: [30, 30, 30, 30],
  },
  {
    name: 'middle',
    evaluationBits: 46,
    toSlotsBits: 42,
    ratioBits: 9,
    scaleBits: 31,
    residualBits: [35, 35, 36, 36],
    outputBits: 36,
  },
  {
    name: 'deep',
    evaluationBits: 44,
    toSlotsBits: 40,
    ratioBits: 8,
    scaleBits: 32,
    residualBits: [32, 33, 33, 33, 33],
    outputBits: 33,
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
  const made = recipe && make(recipe, bootstrappedDegree);
  if (made === undefined) throw new InternalError(`the set ${name} is no chain within the limits`);
  chains.set(name, made);
  return made;
}

const chains = new Map<BootstrapSetName, BootstrappedChain>();

function make(recipe: Recipe, degree: PolyModulusDegree): BootstrappedChain | undefined {
  const { name, evaluationBits, toSlotsBits, ratioBits, scaleBits, residualBits, outputBits } = recipe;
  const top = [...Array<number>(evaluation).fill(evaluationBits), ...Array<number>(toSlots).fill(toSlotsBits)];
  const bits = [...specialBits, firstBits, ...toCoefficientsBits, ...residualBits, ...top];
  const primes = nttPrimes(bits, degree);
  if (primes === undefined) return undefined;
  const parameters: Parameters = {
    polyModulusDegree: degree,
    primes: primes.slice(specialBits.length),
    specialPrimes: primes.slice(0, specialBits.length),
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
