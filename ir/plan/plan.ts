/**
 * The `plan` level: a managed `he` program in execution order, with buffer slots, frees and groups, and everything
 * that client and server need beside it. A `.hep` file is a `Plan` on disk.
 *
 * Row i runs after every row that it reads. `buffer[i]` is the slot in the ciphertext arena where the result lies; a
 * value dies at the row whose `frees` flags name it, and its buffer may be taken again from the next row on. Rows of
 * the same group run on one worker, in order; groups may run at once as far as their operands allow.
 */
import type { ClientSteps } from '../client/steps.ts';
import type { HeModule } from '../he/module.ts';
import type { Port } from '../interface.ts';
import type { Parameters } from '../parameters.ts';
import type { EvaluationKeyNeeds } from '../ckks/switching-keys.ts';
import type { Layout } from '../tile/layout.ts';
import type { AccuracyReport } from './accuracy-report.ts';
import type { Calibration } from './calibration.ts';
import type { InputBounds } from './element-bounds.ts';
import type { PruningReport } from './pruning-report.ts';
import type { SearchReport } from './search-report.ts';
import type { RefreshRound } from './stages.ts';

/** The engines that run plans. Plans with several special primes are for `simd` alone; all others run on each. */
export const engineNames = ['simd', 'seal-wasm'] as const;
export type EngineName = (typeof engineNames)[number];

/** Bits of `frees`: operand a (or b) is read here for the last time. */
export const FREES_A = 1;
export const FREES_B = 2;

/** An `he` program with its schedule: what the `plan` level prints. */
export interface PlanModule extends Omit<HeModule, 'level'> {
  readonly level: 'plan';
  readonly schedule: ScheduleColumns;
}

export interface ScheduleColumns {
  /** Arena slot of the result; outputs and inputs have slots too. */
  readonly buffer: Int32Array;
  readonly frees: Uint8Array;
  /** Ascending along the rows of one worker's queue; 0 ≤ group < groups. */
  readonly group: Int32Array;
}

/** How the client packs one input. */
export interface InputEncoding extends Port, InputBounds {
  /** Element e of the packed tensor is input element index[e], or zero at −1. */
  readonly index: Int32Array;
  readonly factor: number;
  readonly layout: Layout;
  /** Index of its first ciphertext among the inputs. */
  readonly firstCiphertext: number;
  /** Which ciphertexts of the layout are sent at all; those that nobody reads are never encrypted. */
  readonly used: readonly boolean[];
  readonly level: number;
  readonly scale: number;
}

/** How the client reads one output. */
export interface OutputEncoding extends Port {
  readonly factor: number;
  readonly layout: Layout;
  /** Element i of the output is element index[i] of the packed tensor times `factor`; in order where it is left out. */
  readonly index?: Int32Array;
  /**
   * Element i where index[i] is −1, whatever was encrypted; zero where it is left out. All of the weights that a client
   * part tells, and no more than every answer does.
   */
  readonly constants?: Float64Array;
  /** Index of its first ciphertext among the outputs. */
  readonly firstCiphertext: number;
  /** Which ciphertexts of the layout are sent at all; those that nothing is read of are not. */
  readonly used: readonly boolean[];
  readonly level: number;
  readonly scale: number;
}

/** Ciphertexts of an encoding that travel; they follow `firstCiphertext` without gaps. */
export function sentCiphertexts({ used }: InputEncoding | OutputEncoding): number {
  return used.reduce((count, isUsed) => count + Number(isUsed), 0);
}

/** Encodings in the order in which their ciphertexts stand in a file, whatever the order of the list. */
export function byCiphertext<Encoding extends InputEncoding | OutputEncoding>(
  encodings: readonly Encoding[],
): readonly Encoding[] {
  return encodings.toSorted((a, b) => a.firstCiphertext - b.firstCiphertext);
}

/** Samples of one file of inputs or outputs, which has a run for each at most. Writers refuse more, and so do readers. */
export const maxFileSamples = 1 << 16;

/** Ciphertexts of one run; any more would exceed the memory of every engine many times. */
export const maxRunCiphertexts = 1 << 16;

/** What the client needs, and all that it gets: with the steps that it computes itself. */
export interface ClientPart extends ClientSteps, EvaluationKeyNeeds {
  readonly name: string;
  /** Samples that one run takes; fewer are padded. */
  readonly batch: number;
  readonly inputs: readonly InputEncoding[];
  readonly outputs: readonly OutputEncoding[];
  /** What the client refreshes for one run, round trip by round trip; absent where the plan needs none. */
  readonly refreshes?: readonly RefreshRound[];
  readonly maxError: number;
  readonly predictedMaxError: number;
  /** Compiled without calibration samples of the user's. */
  readonly synthetic: boolean;
  /** What the calibration samples have shown; absent where there were none of the user's, or fewer than 8. */
  readonly calibration?: Calibration;
}

/**
 * A compiled model: its program, what the client needs, what it costs, and how it was found. `writePlan` and `readPlan` bring it
 * to a file and back.
 *
 * @example
 * const plan = readPlan(await readFile('mlp.hep'), 'mlp.hep');
 * const { parameters, maxError, predictedMaxError } = plan.client;
 * const { rotations, galoisKeyBytes, peakBytes } = plan.statistics;
 */
export interface Plan {
  readonly client: ClientPart;
  /** The engine that it was compiled for, by whose profile its time and memory are modelled. */
  readonly engine: EngineName;
  /** `plain`: the server knows the weights. `encrypted`: they are ciphertexts, absent until bound. */
  readonly weights: 'plain' | 'encrypted';
  readonly program: HeModule & { readonly parameters: Parameters };
  readonly schedule: ScheduleColumns;
  readonly statistics: PlanStatistics;
  /** Encrypted weights in the order of the `weight` ops, for a bound plan. */
  readonly bound?: BoundWeights;
  /** What the search that led to it tried; absent in plans of format version 1. */
  readonly search?: SearchReport;
  /** Where its error comes from; absent in bound plans. */
  readonly accuracy?: AccuracyReport;
  /** What pruning did to its model; absent where nothing was pruned, and in bound plans. */
  readonly pruning?: PruningReport;
  /** `.ir` texts of the levels above, for `inspect --level`: name → text. */
  readonly dumps: ReadonlyMap<string, string>;
}

export interface BoundWeights {
  /** SHA-256 of the public key that they are encrypted under. */
  readonly publicKeyDigest: string;
  /** Saved SEAL ciphertexts, one for each `weight` op in order. */
  readonly ciphertexts: readonly Uint8Array[] | StoredCiphertexts;
}

/** Ciphertexts that are not in memory: those of a bound plan that was opened in its file. */
export interface StoredCiphertexts {
  /** Where they are, for messages. */
  readonly file: string;
  readonly length: number;
  /** Bytes of one. */
  sizeOf(index: number): number;
  /** One of them, which the caller owns. Rejects with `HepcError` where it is damaged or cannot be read. */
  read(index: number): Promise<Uint8Array>;
}

/** Bytes of the ciphertext of weight `index`. */
export function ciphertextSize({ ciphertexts }: BoundWeights, index: number): number {
  return 'sizeOf' in ciphertexts ? ciphertexts.sizeOf(index) : (ciphertexts[index]?.length ?? 0);
}

/** Counts of one run; see the README for each. Units: bytes, bits, operations. */
export interface PlanCounts {
  readonly polyModulusDegree: number;
  /** Bits of each prime, first to special. */
  readonly modulusBits: readonly number[];
  /** Data primes. */
  readonly levels: number;
  /** Galois key switches of one run, those of conjugations among them. */
  readonly rotations: number;
  readonly relinearizations: number;
  readonly multiplyPlain: number;
  readonly multiplyCipher: number;
  readonly rescales: number;
  readonly additions: number;
  readonly galoisKeys: number;
  readonly galoisKeyBytes: number;
  readonly weightTiles: number;
  readonly weightTilesPruned: number;
  readonly inputCiphertexts: number;
  readonly outputCiphertexts: number;
  readonly predictedMaxError: number;
}

/** The counts, and what the profile of the plan's engine makes of them: in no file, so that it is always that of today. */
export interface PlanStatistics extends PlanCounts {
  /** Keys, all plaintexts, living ciphertexts and tables in a memory of the engine, with one worker. */
  readonly peakBytes: number;
}
