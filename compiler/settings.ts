/** What the compiler is asked for, checked and with every default filled in. */
import { type ClientCostTable, type ClientProfile, clientProfileOf } from '../costs/client-costs.ts';
import type { CostTable } from '../costs/op-costs.ts';
import { type EngineProfile, profileOf } from '../costs/profiles.ts';
import { badCompileOption, batchTooLarge } from '../ir/diagnostics/compile.ts';
import { HepcError, throwIfErrors } from '../ir/diagnostics/diagnostic.ts';
import type { BootstrapSetName } from '../ir/ckks/bootstrapping.ts';
import type { Sample } from '../ir/interface.ts';
import { polyModulusDegrees } from '../ir/parameters.ts';
import type { EngineName } from '../ir/plan/plan.ts';
import type { Objective, SearchLimits } from '../ir/plan/search-report.ts';
import { nextPowerOfTwo } from '../ir/tile/layout.ts';
import type { PassObserver } from '../passes/manager.ts';
import { checkOptions, checkRefresh } from './check-options.ts';
import { Progress, type ProgressObserver, type StepObserver } from './search/progress.ts';
import type { TileShape } from '../ir/tile/place-weights.ts';
import { defaultBandwidthMbit, type Goal } from './search/objective.ts';

export interface CompileOptions {
  /** Calibration samples; without them 64 seeded uniform ones in [0, 1], and the plan is marked `synthetic`. */
  readonly samples?: readonly Sample[];
  /**
   * Largest error as a fraction of the median over samples of the largest absolute output. Default 0.01, or whatever keeps
   * the labels where `maxDisagreement` is given.
   */
  readonly maxError?: number;
  /** The part of the calibration samples that may get another label than from the model, of at least 0 and below 1. */
  readonly maxDisagreement?: number | undefined;
  /** Highest degree of polynomials that stand for activations, 2 to `highestDegree`, 255, which is the default. */
  readonly maxDegree?: number | undefined;
  /**
   * Samples that are wanted at once; a plan may take them in several runs. Default 1, or as many as are fastest for each
   * of them where throughput is optimised.
   */
  readonly batch?: number;
  /** What to make small, see `search/objective.ts`. Default latency. */
  readonly optimize?: Objective;
  /** Mbit/s between client and server, for end-to-end. Default 100. */
  readonly bandwidthMbit?: number;
  /** What a plan may take at most. Default whatever its engine can hold. */
  readonly limits?: SearchLimits;
  /** The chain that bootstraps are made for, where a network is deep enough for them; whichever is best by default. */
  readonly bootstrapSet?: BootstrapSetName | undefined;
  /** Holds the search to products of this many outputs and inputs; both powers of two. By default it is free. */
  readonly tile?: TileShape;
  /** The engine that the plan is for: its costs, memory and capabilities decide. Default `simd`. */
  readonly engine?: EngineName;
  /** Costs of the engine's operations, as measured. Default those of its profile. */
  readonly costs?: CostTable;
  /** Costs of the client's work, as measured. Default those that hepc comes with. */
  readonly clientCosts?: ClientCostTable;
  /** `encrypted`: the server does not see them, and plans run once they are bound to a key. Default `plain`. */
  readonly weights?: 'plain' | 'encrypted';
  /**
   * `client`: networks may be cut into stages, with a round trip to the client in between, who encrypts values anew. Such plans run
   * while their client is there. Default `none`.
   */
  readonly refresh?: 'none' | 'client' | undefined;
  /** Seed of the noise simulation and of synthetic samples. Default 1. */
  readonly seed?: number;
  readonly observer?: PassObserver;
  /** Called as the compiler goes on, with what it does now, and the fraction of the whole that is done, 0 to 1. */
  readonly onStep?: StepObserver;
  /** Called whenever that fraction has grown, within steps as well; it ends with 1, or with what is refused. */
  readonly onProgress?: ProgressObserver;
}

export interface Settings {
  /** Undefined where there are none. */
  readonly samples: readonly Sample[] | undefined;
  readonly maxError: number;
  /** Whether nobody has said how large errors may be, so that labels alone count. */
  readonly isErrorFree: boolean;
  readonly maxDisagreement: number | undefined;
  readonly maxDegree: number | undefined;
  readonly goal: Goal;
  readonly bootstrapSet: BootstrapSetName | undefined;
  /** Of the engine that the plan is for. */
  readonly profile: EngineProfile;
  readonly client: ClientProfile;
  readonly weights: 'plain' | 'encrypted';
  readonly refresh: 'none' | 'client';
  readonly seed: number;
  readonly observer: PassObserver | undefined;
  readonly progress: Progress;
}

/** Throws `HepcError` (H341, H335) for numbers that are out of range, and for an engine that there is not (H338). */
export function settingsOf(options: CompileOptions): Settings {
  const { samples, maxDisagreement, maxDegree, batch, weights = 'plain', seed = 1, observer } = options;
  const { refresh = 'none' } = options;
  const isErrorFree = options.maxError === undefined && maxDisagreement !== undefined;
  const { maxError = isErrorFree ? 1 : 0.01 } = options;
  const { onStep = () => undefined, onProgress = () => undefined } = options;
  const { optimize: objective = 'latency', bandwidthMbit = defaultBandwidthMbit, limits = {}, tile } = options;
  const { engine, costs, clientCosts, bootstrapSet } = options;
  throwIfErrors(
    checkOptions({ maxError, maxDisagreement, maxDegree, batch, bandwidthMbit, limits, tile, engine, bootstrapSet }),
  );
  if (refresh === 'client') throwIfErrors(checkRefresh(profileOf(engine).name, weights));
  const profile = profileOf(engine, costs, limits.memoryBytes);
  const client = clientProfileOf(clientCosts);
  const { largestDegree } = profile.capabilities;
  const most = (polyModulusDegrees.findLast((degree) => degree <= largestDegree) ?? 0) / 2;
  if (batch !== undefined && nextPowerOfTwo(batch) > most) throw new HepcError([batchTooLarge({ batch, most })]);
  const extent = tile === undefined ? 1 : tile.rows * tile.columns;
  const expected = `at most ${most} for ${profile.name}`;
  if (extent > most)
    throw new HepcError([badCompileOption({ option: 'tile.rows · tile.columns', value: extent, expected })]);
  const goal = { objective, bandwidthMbit, limits, batch: batch ?? defaultBatch(objective), tile };
  return {
    samples,
    maxError,
    isErrorFree,
    maxDisagreement,
    maxDegree,
    goal,
    bootstrapSet,
    profile,
    client,
    weights,
    refresh,
    seed,
    observer,
    progress: Progress.of(onStep, onProgress),
  };
}

/** One sample, save where the search may choose. */
function defaultBatch(objective: Objective): number | undefined {
  return objective === 'throughput' ? undefined : 1;
}
