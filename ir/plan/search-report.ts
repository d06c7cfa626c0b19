/** What the search for a plan tried, and why it chose what it chose: kept with the plan, for `hepc inspect --search`. */
import type { KeptAccuracy } from './kept-accuracy.ts';

/** What a plan can be made small in; each is defined where it is computed, in `compiler/search/objective.ts`. */
export const objectives = ['latency', 'end-to-end', 'throughput', 'memory', 'upload'] as const;

/** Rows of each list of a report. */
export const maxReportRows = 4096;

export type Objective = (typeof objectives)[number];

/** What a plan may take at most. */
export interface SearchLimits {
  /** Of `peakBytes`. */
  readonly memoryBytes?: number | undefined;
  /** Of the input ciphertexts of one run. */
  readonly uploadBytes?: number | undefined;
  /** Galois keys. */
  readonly galoisKeys?: number | undefined;
}

/** What a program takes, by the cost model. */
export interface PlanMeasures {
  /** Samples of one run. */
  readonly samples: number;
  /** Runs that the wanted batch takes. */
  readonly runs: number;
  /** Evaluation of one run on one thread. */
  readonly milliseconds: number;
  /** Encryption of the inputs and decryption of the outputs of one run. */
  readonly clientMilliseconds: number;
  /** Input ciphertexts of one run, each with a seed for its second half. */
  readonly uploadBytes: number;
  readonly downloadBytes: number;
  /** Of a run that its client refreshes: round trips, and what of the bytes above is sent in them. */
  readonly roundTrips?: number | undefined;
  readonly refreshBytes?: number | undefined;
  readonly peakBytes: number;
  readonly galoisKeys: number;
  readonly rotations: number;
}

/** One number of slots, and how they are shared. */
export interface ConfigurationReport {
  readonly polyModulusDegree: number;
  /** Neighbouring slots that hold the same element of different samples. */
  readonly batchTile: number;
  /** States of the layout search; 0 where a bound made it needless. */
  readonly states: number;
  /** Whether no state was left out that could have led to a cheaper plan. */
  readonly exact: boolean;
  /** Of the cheapest plan by the layout search, in the unit of the objective. */
  readonly estimate?: number | undefined;
  /** Why nothing of it was lowered. */
  readonly skipped?: string | undefined;
}

export type Verdict = 'chosen' | 'costlier' | 'limit' | 'memory' | 'inaccurate' | 'too deep' | 'not lowered';

/** A plan that was considered. */
export interface CandidateReport {
  /** Index into the configurations. */
  readonly configuration: number;
  /** What the layout search minimised. */
  readonly aim: string;
  /** In the unit of the objective. */
  readonly estimate: number;
  /** Of the lowered program, in the unit of the objective. */
  readonly cost?: number | undefined;
  /** Whether that is on the shortest chain that carries it, which may not be accurate enough: it costs at least that. */
  readonly isBound?: boolean | undefined;
  readonly measures?: PlanMeasures | undefined;
  /** Predicted, on the chain that was accurate enough or came nearest; of few, for the cheapest are tried first. */
  readonly error?: number | undefined;
  /** Galois keys that it was held to. */
  readonly keyBudget?: number | undefined;
  readonly verdict: Verdict;
  /** The particulars of the verdict. */
  readonly reason: string;
}

/** How a layer can be computed. */
export interface KernelReport {
  /** Families of its kernels, `slotwise` where it has none. */
  readonly kernel: string;
  readonly from: string;
  readonly to: string;
  readonly rotations: number;
  readonly products: number;
  /** Of the layer, in the unit of the layout search. */
  readonly cost: number;
}

export interface AlternativeReport extends KernelReport {
  /** What the whole network would cost more than with the cheapest way, by the estimate; never negative. */
  readonly more: number;
  /** Whether it costs at least that much more. */
  readonly isBound: boolean;
}

export interface LayerReport {
  /** Its ONNX nodes. */
  readonly name: string;
  readonly op: string;
  readonly chosen: KernelReport;
  /** What the chosen way costs the whole network more than the cheapest one, by the estimate; left out for nothing. */
  readonly chosenMore?: number | undefined;
  /** The best others, the cheapest first. */
  readonly alternatives: readonly AlternativeReport[];
  /** All ways that were weighed. */
  readonly weighed: number;
}

export interface SearchReport {
  /** Absent in plans of earlier versions. */
  readonly accuracy?: KeptAccuracy | undefined;
  readonly objective: Objective;
  /** Of estimates and costs of candidates. */
  readonly unit: 'ms' | 'ms per sample' | 'bytes';
  readonly bandwidthMbit: number;
  readonly limits: SearchLimits;
  /** Samples that were asked for; undefined where the search was free to choose. */
  readonly batch?: number | undefined;
  /** States that the layout search followed at most after each op. */
  readonly stateBound: number;
  readonly configurations: readonly ConfigurationReport[];
  readonly candidates: readonly CandidateReport[];
  /** Of the costs of layers. */
  readonly layerUnit: 'ms' | 'bytes';
  readonly layers: readonly LayerReport[];
}
