/** The networks that a deep one becomes with bootstraps, for each chain that has them. */
import type { EngineProfile } from '../costs/profiles.ts';
import { bootstrapSetNames } from '../ir/ckks/bootstrapping.ts';
import { elementCount } from '../ir/constant.ts';
import { slotsOf } from '../ir/parameters.ts';
import type { TensorModule } from '../ir/tensor/ops.ts';
import { placeBootstraps } from './layouts/place-bootstraps.ts';
import { type BootstrappedChain, bootstrappedChain } from './parameters/bootstrapped-chains.ts';
import type { Settings } from './settings.ts';

/** Levels that a chain without bootstraps has where all its primes have the most bits: whatever is no deeper fails for another reason. */
export const comfortableDepth = 14;

/**
 * Polynomials up to this degree take four levels, as many as there are between two bootstraps of any set, and lose few bits at
 * the scales of these: one of degree 31, which `deep` has levels for, costs a ResNet-20 with ReLU 200 times the noise.
 */
export const mostBootstrappedDegree = 15;

/** Of a scale over a prime, up to which products of values come to scales like theirs. */
const largestExcess = 2;

/** Of the keys of a bootstrap of the set `wide` in the memory of an engine, without making the set, which takes seconds; a test counts them. */
export const wideKeyBytes = 7.7 * 2 ** 30;

export interface BootstrappedNetwork {
  readonly chain: BootstrappedChain;
  /** With refreshes, which are bootstraps. */
  readonly module: TensorModule;
}

/**
 * In the order in which they are to be tried: those of the smaller ring first, and there the fewer bootstraps the cheaper. None for layers
 * that take more levels than a chain has, nor for a chain whose keys alone are beyond the memory, unless it is asked for.
 */
export function bootstrappedNetworks(
  tensor: TensorModule,
  { bootstrapSet, profile }: Pick<Settings, 'bootstrapSet' | 'profile'>,
): readonly BootstrappedNetwork[] {
  const names = bootstrapSet === undefined ? bootstrapSetNames : [bootstrapSet];
  return names
    .filter((name) => name !== 'wide' || bootstrapSet === 'wide' || hasRoomForWide(profile))
    .map(bootstrappedChain)
    .flatMap((chain) => {
      const { parameters, effect } = chain;
      const slots = slotsOf(parameters);
      const isScaled = effect.outputScale > largestExcess * (parameters.primes[effect.outputLevel] ?? 1);
      const module = placeBootstraps(tensor, { levels: effect.circuit.residual, slots, isScaled });
      return module === undefined ? [] : [{ chain, module, ciphertexts: refreshedCiphertexts(module, slots) }];
    })
    .sort((x, y) => degreeOf(x.chain) - degreeOf(y.chain) || x.ciphertexts - y.ciphertexts);
}

/** Whether an engine takes the ring, and its memory the keys. Of the smaller ring the search says what is missing. */
function hasRoomForWide({ capabilities, memory }: EngineProfile): boolean {
  return capabilities.largestDegree >= 65536 && memory.limit >= wideKeyBytes;
}

function degreeOf({ parameters }: BootstrappedChain): number {
  return parameters.polyModulusDegree;
}

/** Ciphertexts that are refreshed, if each value fills its own. */
function refreshedCiphertexts({ nodes }: TensorModule, slots: number): number {
  return nodes.reduce((sum, { op, type }) => sum + (op === 'refresh' ? Math.ceil(elementCount(type) / slots) : 0), 0);
}
