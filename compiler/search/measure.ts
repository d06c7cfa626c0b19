/** What a managed program takes on an engine, by its profile. */
import { neededBytes, peakBytes } from '../../costs/engine-memory.ts';
import { opCost, type CostTable } from '../../costs/op-costs.ts';
import type { EngineProfile } from '../../costs/profiles.ts';
import { countProgram } from '../../costs/plan-statistics.ts';
import { evaluationCost, downloadBytes, uploadBytes } from '../../costs/program-cost.ts';
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { portRows } from '../../ir/he/ports.ts';
import type { PlanModule } from '../../ir/plan/plan.ts';
import type { Parameters, PolyModulusDegree } from '../../ir/parameters.ts';
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
  /** Of all keys. */
  readonly keyBytes: number;
}

/** `program` is scheduled: peak memory depends on the order. */
export function measureProgram(program: PlanModule, { samples, runs }: Batching, profile: EngineProfile): Measured {
  const managed = { ...program, parameters: parametersOf(program) };
  const { galoisKeys, rotations } = countProgram(managed, { weightTilesPruned: 0, predictedMaxError: 0 });
  const use = profile.memory.use(managed);
  const measures = {
    samples,
    runs,
    milliseconds: evaluationCost(managed, profile, use),
    clientMilliseconds: clientCost(managed, profile.costs),
    uploadBytes: uploadBytes(managed),
    downloadBytes: downloadBytes(managed),
    peakBytes: peakBytes(use),
    galoisKeys,
    rotations,
  };
  return { measures, neededBytes: neededBytes(use), keyBytes: use.keys };
}

/**
 * Milliseconds in which the client encrypts a ciphertext: it encodes, draws a mask from the seed, and transforms an
 * error; the last two take about as long as the first.
 */
export function encryptionCost(level: number, degree: PolyModulusDegree, table: CostTable): number {
  return 2 * opCost('encode', level, degree, table);
}

function clientCost({ columns, parameters }: PlanModule & { parameters: Parameters }, table: CostTable): number {
  const { level } = columns;
  return portRows(columns, 'input')
    .map((id) => encryptionCost(level[id] ?? 0, parameters.polyModulusDegree, table))
    .reduce((sum, cost) => sum + cost, 0);
}

function parametersOf({ parameters }: PlanModule): Parameters {
  if (parameters === undefined) throw new InternalError('a program is measured once its levels are assigned');
  return parameters;
}
