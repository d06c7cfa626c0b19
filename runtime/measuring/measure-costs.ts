/**
 * Measures what each operation of an engine costs on this machine, and the client's work: on one thread. Of each operation
 * at each level the lowest decile of the repetitions counts, since other programs on the machine only add to times;
 * through the levels a cost is fitted. Takes about a minute and half a gigabyte.
 */
import { setImmediate } from 'node:timers/promises';
import type { ClientCostTable } from '../../costs/client-costs.ts';
import {
  type CostedOp,
  costedOps,
  type CostTable,
  type DegreeCosts,
  type OpCost,
  switchingParts,
} from '../../costs/op-costs.ts';
import { engineProfiles } from '../../costs/profiles.ts';
import type { EngineName } from '../../ir/plan/plan.ts';
import { type PolyModulusDegree, polyModulusDegrees } from '../../ir/parameters.ts';
import { chooseParameters, CostProbe, type ProbeChain } from '../engines/seal-wasm/probe/cost-probe.ts';
import { SimdCostProbe } from '../engines/simd/probe/cost-probe.ts';
import { type CostLadder, costLadders, type CostLadders } from './cost-ladders.ts';
import { type CostSample, fitCost, type Growth, largestMisfit } from './fit-cost.ts';
import { measureClientCosts } from './measure-client.ts';
import { clockMilliseconds, lowestDecile } from './steady-times.ts';
import { compileSeal } from '../seal/library/compile-wasm.ts';
import { instantiateSeal } from '../seal/library/module.ts';

/** Evaluations that come first, while V8 optimises SEAL's code. */
const warmUp = 3;

export interface MeasureCostsOptions {
  /** Default `simd`. */
  readonly engine?: EngineName;
  readonly ladders?: CostLadders;
  /** Looked at between levels. */
  readonly signal?: AbortSignal;
  /** Called with the part that is done, 0 to 1. */
  readonly onProgress?: (fraction: number) => void;
}

export interface MeasuredCosts {
  readonly table: CostTable;
  /** Of the client, whatever the engine. */
  readonly clientTable: ClientCostTable;
  /** The largest relative difference between fitted and measured costs of the operations that plans spend time in. */
  readonly largestMisfit: number;
}

const dominant: ReadonlySet<CostedOp> = new Set([
  'rotate',
  'rotate-hoisted',
  'relinearize',
  'rescale',
  'multiply',
  'multiply-plain',
]);

const keySwitches: ReadonlySet<CostedOp> = new Set(['rotate', 'decompose', 'rotate-hoisted', 'relinearize']);

const constant: ReadonlySet<CostedOp> = new Set(switchingParts);

function growthOf(op: CostedOp): Growth {
  if (constant.has(op)) return 'constant';
  return keySwitches.has(op) ? 'quadratic' : 'linear';
}

type Samples = ReadonlyMap<CostedOp, readonly CostSample[]>;

/**
 * Keeps the thread busy, for seconds at a time. Rejects with the reason of `signal` once it is aborted, and leaves no
 * SEAL object behind either way.
 */
export async function measureCosts(options: MeasureCostsOptions = {}): Promise<MeasuredCosts> {
  const { engine = 'simd', ladders = costLadders, signal, onProgress } = options;
  const { largestDegree } = engineProfiles[engine].capabilities;
  const degrees = polyModulusDegrees.filter((degree) => degree <= largestDegree);
  // The client's part takes about as long as the engine's.
  const total = 2 * degrees.reduce((sum, degree) => sum + work(degree, ladders[degree]), 0);
  let done = 0;
  let misfit = 0;
  const measure = async (degree: PolyModulusDegree): Promise<DegreeCosts> => {
    const before = done;
    const samples = await climb(engine, degree, ladders[degree], (part) => {
      signal?.throwIfAborted();
      done = before + part * work(degree, ladders[degree]);
      onProgress?.(done / total);
    });
    const { costs, largest } = fitAll(samples);
    misfit = Math.max(misfit, largest);
    return costs;
  };
  const table: { [D in PolyModulusDegree]?: DegreeCosts } = {};
  for (const degree of degrees) table[degree] = await measure(degree);
  const rungs = polyModulusDegrees.reduce((sum, degree) => sum + ladders[degree].rungs.length, 0);
  let begun = 0;
  const clientTable = await measureClientCosts(ladders, () => {
    signal?.throwIfAborted();
    onProgress?.((1 + begun++ / rungs) / 2);
  });
  onProgress?.(1);
  return { table, clientTable, largestMisfit: misfit };
}

function fitAll(samples: Samples): { readonly costs: DegreeCosts; readonly largest: number } {
  let largest = 0;
  const cost = (op: CostedOp): OpCost => {
    const own = samples.get(op) ?? [];
    // Nothing of an engine that does not hoist.
    if (own.length === 0) return { base: 0, perPrime: 0, perPair: 0 };
    const fitted = fitCost(own, growthOf(op));
    if (dominant.has(op)) largest = Math.max(largest, largestMisfit(own, fitted));
    return fitted;
  };
  const costs = Object.fromEntries(costedOps.map((op) => [op, cost(op)])) as DegreeCosts;
  return { costs, largest };
}

/** Calls `advance` with the part that is done, and other tasks of the thread have their turn, before each level. */
async function climb(
  engine: EngineName,
  degree: PolyModulusDegree,
  ladder: CostLadder,
  advance: (part: number) => void,
): Promise<Samples> {
  const samples = new Map<CostedOp, CostSample[]>(costedOps.map((op) => [op, []]));
  advance(0);
  const probe = await openProbe(engine, { ...ladder, degree });
  try {
    let done = setUpWork(degree, ladder);
    for (const primes of ladder.rungs) {
      advance(done / work(degree, ladder));
      await setImmediate();
      for (const [op, times] of measureRung(probe, primes, ladder.repetitions))
        samples.get(op)?.push({ primes, milliseconds: lowestDecile(times) });
      done += rungWork(degree, ladder, primes);
    }
    advance(1);
  } finally {
    probe.close();
  }
  return samples;
}

/** What measures an engine: `atLevel` calls `repeat` with what does every operation once. */
type Probe = Pick<CostProbe | SimdCostProbe, 'atLevel' | 'close'>;

/** For one degree, so that memory holds the keys of one only. */
async function openProbe(engine: EngineName, chain: ProbeChain): Promise<Probe> {
  const seal = await instantiateSeal(await compileSeal());
  return engine === 'simd' ? SimdCostProbe.open(chooseParameters(seal, chain)) : new CostProbe(seal, chain);
}

function measureRung(probe: Probe, primes: number, repetitions: number): Map<CostedOp, number[]> {
  const times = new Map<CostedOp, number[]>();
  probe.atLevel(primes - 1, (evaluate) => {
    for (let i = 0; i < warmUp; i++) evaluate(() => undefined);
    for (let i = 0; i < repetitions; i++) {
      evaluate((op, milliseconds) => {
        const own = times.get(op) ?? [];
        times.set(op, own);
        own.push(Math.max(milliseconds, clockMilliseconds));
      });
    }
  });
  return times;
}

/** About how long a level takes, in units that cancel. */
function rungWork(degree: PolyModulusDegree, { repetitions }: CostLadder, primes: number): number {
  return degree * (primes + primes ** 2) * (repetitions + warmUp);
}

/** Context and keys. */
function setUpWork(degree: PolyModulusDegree, { primes }: CostLadder): number {
  return degree * (primes + primes ** 2) * 15;
}

function work(degree: PolyModulusDegree, ladder: CostLadder): number {
  return ladder.rungs.reduce((sum, rung) => sum + rungWork(degree, ladder, rung), setUpWork(degree, ladder));
}
