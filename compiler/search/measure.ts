/** What a managed program takes on an engine, by its profile. */
import { type ClientProfile, clientTimes } from '../../costs/client-costs.ts';
import { type MemoryUse, neededBytes, peakBytes } from '../../costs/engine-memory.ts';
import type { EngineProfile } from '../../costs/profiles.ts';
import { countProgram } from '../../costs/plan-statistics.ts';
import { evaluationCost, downloadBytes, refreshBytes, uploadBytes } from '../../costs/program-cost.ts';
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import type { PlanModule } from '../../ir/plan/plan.ts';
import { refreshRounds } from '../../ir/plan/stages.ts';
import type { Parameters } from '../../ir/parameters.ts';
import type { PlanMeasures } from '../../ir/plan/search-report.ts';

/** Samples of a run, and runs of the wanted batch. */
export interface Batching {
  readonly samples: number;
  readonly runs: number;
}

export interface Measured {
  readonly measures: PlanMeasures;
  /** Bytes that the engine cannot do without; plaintexts that find no room are encoded when needed. */
  readonly neededBytes: number;
  readonly use: MemoryUse;
}

/** `program` is scheduled: peak memory depends on the order. */
export function measureProgram(
  program: PlanModule,
  { samples, runs }: Batching,
  { profile, client }: { readonly profile: EngineProfile; readonly client: ClientProfile },
): Measured {
  const managed = { ...program, parameters: parametersOf(program) };
  const { galoisKeys, rotations } = countProgram(managed, { weightTilesPruned: 0, predictedMaxError: 0 });
  const { encryption, decryption } = clientTimes(managed, client);
  const use = profile.memory.use(managed);
  const measures = {
    samples,
    runs,
    milliseconds: evaluationCost(managed, profile, use),
    clientMilliseconds: encryption + decryption,
    uploadBytes: uploadBytes(managed),
    downloadBytes: downloadBytes(managed),
    ...refreshMeasures(managed),
    peakBytes: peakBytes(use, profile.memory.limit),
    galoisKeys,
    rotations,
  };
  return { measures, neededBytes: neededBytes(use), use };
}

/** Nothing of a program without refreshes. */
function refreshMeasures(program: PlanModule): Pick<PlanMeasures, 'roundTrips' | 'refreshBytes'> {
  const rounds = refreshRounds(program.columns);
  return rounds.length === 0 ? {} : { roundTrips: rounds.length, refreshBytes: refreshBytes(program) };
}

/** Of a program whose levels are assigned. */
export function parametersOf({ parameters }: PlanModule): Parameters {
  if (parameters === undefined) throw new InternalError('a program is measured once its levels are assigned');
  return parameters;
}
