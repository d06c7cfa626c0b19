/**
 * Plans that their client refreshes, where that was asked for: for each ring the network is cut into stages of as many levels as a
 * chain of good primes has, and searched for plans as any other; then into stages of fewer levels, which have larger primes, until
 * one is accurate. What waits for the client counts as time: round trips, and what is sent in them.
 */
import type { EngineProfile } from '../costs/profiles.ts';
import type { PolyModulusDegree } from '../ir/parameters.ts';
import type { TensorModule } from '../ir/tensor/ops.ts';
import { refreshedLevel } from '../ir/he/ops.ts';
import { plaintextBytes } from '../ir/parameters.ts';
import { likelyChain } from '../costs/likely-chain.ts';
import { placeRefreshes } from './layouts/place-refreshes.ts';
import { carriesDepth, mostSquares } from './parameters/chains.ts';
import type { Configuration } from './search/configurations.ts';
import { type Goal, millisecondsPerByte, roundTripMilliseconds } from './search/objective.ts';

/** Round trips of one evaluation, at most. */
const mostRounds = 128;

/** Numbers of round trips that are tried for a ring, from the fewest that primes of good size allow. */
const mostTries = 4;

export interface RefreshedNetwork {
  readonly degree: PolyModulusDegree;
  readonly module: TensorModule;
  readonly rounds: number;
}

/** The network with refreshes, for each ring in the order in which they are to be tried: the fewest round trips first. */
export function* refreshedNetworks(
  tensor: TensorModule,
  configurations: readonly Configuration[],
  { goal, profile }: { readonly goal: Goal; readonly profile: EngineProfile },
): Generator<RefreshedNetwork[]> {
  const degrees = [...new Set(configurations.map(({ degree }) => degree))].sort((a, b) => a - b);
  for (const degree of degrees) {
    const own = configurations.filter((each) => each.degree === degree);
    const slots = Math.max(...own.map(({ slots: { virtualSlots } }) => virtualSlots));
    const networks: RefreshedNetwork[] = [];
    const most = mostSquares(degree, profile.capabilities);
    for (let levels = most; levels > refreshedLevel; levels--) {
      if (!carriesDepth(degree, levels, profile.capabilities)) continue;
      const prices = pricesOf(degree, levels, goal, profile);
      const placed = placeRefreshes(tensor, { levels, slots, prices });
      if (placed === undefined || placed.rounds > mostRounds) break;
      // Of the same number of round trips the shortest stages have the largest primes.
      if (placed.rounds === networks.at(-1)?.rounds) networks.pop();
      if (placed.rounds > 0) networks.push({ degree, ...placed });
    }
    yield networks.slice(0, mostTries);
  }
}

/** Milliseconds. */
function pricesOf(degree: PolyModulusDegree, levels: number, { bandwidthMbit }: Goal, { capabilities }: EngineProfile) {
  const parameters = likelyChain(degree, levels + 1, capabilities);
  const bytes = 2 * plaintextBytes(parameters, refreshedLevel) + plaintextBytes(parameters, levels);
  return { roundTrip: roundTripMilliseconds, ciphertext: bytes * millisecondsPerByte(bandwidthMbit) };
}
