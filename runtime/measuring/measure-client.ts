/** Measures what the client's work costs on this machine, on one thread, with the keys of chains of several lengths. */
import { setImmediate } from 'node:timers/promises';
import { type ClientCostTable, type ClientOp, clientOps } from '../../costs/client-costs.ts';
import { type PolyModulusDegree } from '../../ir/parameters.ts';
import { chooseParameters } from '../engines/seal-wasm/probe/cost-probe.ts';
import { compileSeal } from '../seal/library/compile-wasm.ts';
import { instantiateSeal } from '../seal/library/module.ts';
import { ClientProbe } from './client-probe.ts';
import type { CostLadder, CostLadders } from './cost-ladders.ts';
import { type CostSample, fitCost, type Growth } from './fit-cost.ts';
import { clockMilliseconds, lowestDecile } from './steady-times.ts';

/** A key has a digit for each prime, and each digit every prime. */
const growth: { readonly [K in ClientOp]: Growth } = {
  encrypt: 'linear',
  decrypt: 'linear',
  'galois-key': 'quadratic',
  'relinearization-key': 'quadratic',
};

/** Keys, of which one takes as long as many encryptions. */
const keyRepetitions = 5;
const warmUp = 2;

/** @param advance called before each chain: throws where it is to end */
export async function measureClientCosts(ladders: CostLadders, advance: () => void): Promise<ClientCostTable> {
  const measure = (degree: PolyModulusDegree) => climb(degree, ladders[degree], advance);
  return {
    4096: await measure(4096),
    8192: await measure(8192),
    16384: await measure(16384),
    32768: await measure(32768),
    65536: await measure(65536),
  };
}

async function climb(
  degree: PolyModulusDegree,
  { bits, rungs, repetitions }: CostLadder,
  advance: () => void,
): Promise<ClientCostTable[PolyModulusDegree]> {
  const samples = new Map<ClientOp, CostSample[]>(clientOps.map((op) => [op, []]));
  for (const primes of rungs) {
    advance();
    await setImmediate();
    // It chooses primes, and has no other part.
    const seal = await instantiateSeal(await compileSeal());
    const probe = await ClientProbe.open(chooseParameters(seal, { degree, primes, bits }));
    try {
      for (const [op, times] of timesOf(probe, primes - 1, repetitions))
        samples.get(op)?.push({ primes, milliseconds: lowestDecile(times) });
    } finally {
      probe.close();
    }
  }
  return Object.fromEntries(
    clientOps.map((op) => [op, fitCost(samples.get(op) ?? [], growth[op])]),
  ) as ClientCostTable[PolyModulusDegree];
}

function timesOf(probe: ClientProbe, level: number, repetitions: number): Map<ClientOp, number[]> {
  const times = new Map<ClientOp, number[]>(clientOps.map((op) => [op, []]));
  const note = (op: ClientOp, milliseconds: number): void => {
    times.get(op)?.push(Math.max(milliseconds, clockMilliseconds));
  };
  for (let i = 0; i < warmUp; i++) probe.cipherOnce(level, () => undefined);
  for (let i = 0; i < repetitions; i++) probe.cipherOnce(level, note);
  for (let i = 0; i < Math.min(keyRepetitions, repetitions); i++) probe.keysOnce(note);
  return times;
}
