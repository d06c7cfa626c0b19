/** What a managed program takes, by the cost model. */
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { portRows } from '../../ir/he/ports.ts';
import { type CostTable, opCost } from '../../costs/op-costs.ts';
import { downloadBytes, encodingBytes, encodingCost, programCost, uploadBytes } from '../../costs/program-cost.ts';
import type { PlanModule } from '../../ir/plan/plan.ts';
import {
  keyHeapExpansion,
  type Parameters,
  type PolyModulusDegree,
  switchingKeyBytes,
  workerHeapBytes,
} from '../../ir/parameters.ts';
import type { PlanMeasures } from '../../ir/plan/search-report.ts';
import { countStatistics, peakCiphertextBytes } from '../../ir/plan/statistics.ts';

/** Samples of a run, and runs of the wanted batch. */
export interface Batching {
  readonly samples: number;
  readonly runs: number;
}

export interface Measured {
  readonly measures: PlanMeasures;
  /** Keys and ciphertexts, which a worker cannot do without. Plaintexts that find no room are encoded when needed. */
  readonly heapBytes: number;
}

/** `program` is scheduled: peak memory depends on the order. */
export function measureProgram(program: PlanModule, { samples, runs }: Batching, table: CostTable): Measured {
  const managed = { ...program, parameters: parametersOf(program) };
  const statistics = countStatistics(managed, { weightTilesPruned: 0, predictedMaxError: 0 });
  const keys = statistics.galoisKeys + (statistics.relinearizations > 0 ? 1 : 0);
  const measures = {
    samples,
    runs,
    milliseconds: programCost(managed, table) + encodingAgain(managed, statistics.peakBytes, table),
    clientMilliseconds: clientCost(managed, table),
    uploadBytes: uploadBytes(managed),
    downloadBytes: downloadBytes(managed),
    peakBytes: statistics.peakBytes,
    galoisKeys: statistics.galoisKeys,
    rotations: statistics.rotations,
  };
  const keyBytes = keys * switchingKeyBytes(managed.parameters) * keyHeapExpansion;
  return { measures, heapBytes: keyBytes + peakCiphertextBytes(managed) };
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

/** The part of the plaintexts that finds no room in the heap is encoded in every run. */
function encodingAgain(program: PlanModule, peakBytes: number, table: CostTable): number {
  const over = peakBytes - workerHeapBytes;
  return over <= 0 ? 0 : encodingCost(program, table) * Math.min(1, over / encodingBytes(program));
}

function parametersOf({ parameters }: PlanModule): Parameters {
  if (parameters === undefined) throw new InternalError('a program is measured once its levels are assigned');
  return parameters;
}
