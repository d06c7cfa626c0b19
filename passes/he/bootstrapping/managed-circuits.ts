/** The halves of a bootstrap with levels and scales, for the chain of a plan. */
import {
  type BootstrapEffect,
  bootstrapDeviation,
  type Bootstrapping,
  bootstrapOutputLevel,
} from '../../../ir/ckks/bootstrapping.ts';
import { HepcError, type Diagnostic, InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { type HeModule, opCount } from '../../../ir/he/module.ts';
import { type Parameters, slotsOf, topLevel } from '../../../ir/parameters.ts';
import { assignLevels, headroomBits } from '../assign-levels.ts';
import { placeRelinearizations } from '../relinearize-lazily.ts';
import { placeRescales } from '../rescale-lazily.ts';
import { evaluationCircuit, toCoefficientsCircuit, type ValueCount } from './circuits.ts';

/** A bootstrap of one value or of two, ready to be put into a program: half, raising of the modulus, half. */
export interface ManagedBootstrap {
  /** StC, from the level and scale of the operands to level 0. */
  readonly before: HeModule;
  /** By which a value is multiplied on its way back from the sparse secret: so much larger may its scale be at the top. */
  readonly factor: number;
  /** CtS and EvalMod, from the top level to that of the results. */
  readonly after: HeModule;
  /** ρ of `throughSine`. */
  readonly angle: number;
  /** Of the results. */
  readonly scale: number;
}

interface KnownBootstraps {
  readonly chain: string;
  readonly byValues: Map<ValueCount, ManagedBootstrap>;
}

/** By circuit, of which a chain has one: the bootstraps of the chain that was asked for last. Chains are told apart by their primes. */
const known = new WeakMap<Bootstrapping, KnownBootstraps>();

/** Made once for a chain and number of values. Throws `HepcError` where the chain does not carry it. */
export function managedBootstrap(
  parameters: Parameters,
  circuit: Bootstrapping,
  values: ValueCount = 1,
): ManagedBootstrap {
  const chain = JSON.stringify(parameters);
  let found = known.get(circuit);
  if (found?.chain !== chain) {
    found = { chain, byValues: new Map() };
    known.set(circuit, found);
  }
  const managed = found.byValues.get(values) ?? manageBootstrap(parameters, circuit, values);
  found.byValues.set(values, managed);
  return managed;
}

/** What it does to values. */
export function effectOf(parameters: Parameters, circuit: Bootstrapping): BootstrapEffect {
  const { angle, scale } = managedBootstrap(parameters, circuit);
  const outputLevel = bootstrapOutputLevel(circuit);
  const evaluationBits = Math.log2(parameters.primes[outputLevel + 1] ?? 1);
  return {
    circuit,
    level: circuit.toCoefficients,
    scale: 2 ** circuit.scaleBits,
    outputLevel,
    outputScale: scale,
    angle,
    deviation: bootstrapDeviation(parameters.polyModulusDegree, evaluationBits, circuit.ratioBits),
  };
}

function manageBootstrap(parameters: Parameters, bootstrapping: Bootstrapping, values: ValueCount): ManagedBootstrap {
  const slots = slotsOf(parameters);
  const { ratioBits, scaleBits, outputBits = Infinity } = bootstrapping;
  const before = managed(toCoefficientsCircuit(slots, bootstrapping, values), parameters, {
    inputScale: 2 ** scaleBits,
    rangeBits: ratioBits - headroomBits,
    floor: 0,
  });
  const [first = 1] = parameters.primes;
  const ratio = first / outputScaleOf(before);
  const evaluationPrime = parameters.primes[bootstrapOutputLevel(bootstrapping) + 1] ?? first;
  const factor = Math.max(1, Math.round(evaluationPrime / first));
  const angle = (2 * Math.PI) / ratio;
  const after = managed(evaluationCircuit(slots, bootstrapping, ratio, values), parameters, {
    inputScale: outputScaleOf(before) * factor,
    outputScale: 2 ** outputBits / angle,
    rangeBits: 0,
    floor: bootstrapOutputLevel(bootstrapping),
  });
  const level = after.columns.level[0];
  if (level !== topLevel(parameters)) throw new InternalError(`EvalMod begins at level ${level}`);
  return { before, factor, after, angle, scale: outputScaleOf(after) * angle };
}

function outputScaleOf(module: HeModule): number {
  return module.columns.scale[opCount(module) - 1] ?? 1;
}

function managed(
  circuit: HeModule,
  parameters: Parameters,
  options: {
    readonly inputScale: number;
    readonly outputScale?: number;
    readonly rangeBits: number;
    readonly floor: number;
  },
): HeModule {
  const rescaled = placeRescales(circuit, { last: 'rescaled', defer: 0, late: false }).module;
  const problems: Diagnostic[] = [];
  const report = (problem: Diagnostic): void => {
    problems.push(problem);
  };
  const { module } = assignLevels.run(
    placeRelinearizations(rescaled).module,
    { parameters, ...options },
    { samples: [], report },
  );
  if (problems.length > 0) throw new HepcError(problems);
  return module;
}
