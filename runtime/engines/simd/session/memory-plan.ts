/**
 * The one memory of all workers, laid out before anything starts: regions one after another, nothing grows. Plaintexts
 * are kept as far as the budget and the limit of the engine's profile allow. What does not fit into the 4 GiB of a narrow
 * memory gets a wide one, where plaintexts are kept as far as the budget goes; what does not fit there is refused.
 */
import { plaintextBudget } from '../../../../costs/engine-memory.ts';
import { simdMemory } from '../../../../costs/simd-memory.ts';
import type { Diagnostic } from '../../../../ir/diagnostics/diagnostic.ts';
import { tooLittleMemory } from '../../../../ir/diagnostics/runtime.ts';
import type { HeColumns } from '../../../../ir/he/module.ts';
import type { Parameters } from '../../../../ir/parameters.ts';
import { type LaidOutProgram, layOut } from '../program/arena.ts';
import { contextBytes } from '../../../rns/memory/context.ts';
import { encodersBytes } from '../../../rns/encoder.ts';
import { fuseProgram } from '../program/fuse-program.ts';
import { type KeyPlan, planKeys } from '../program/key-plan.ts';
import { mostDigitBytes } from '../bytes/load-keys.ts';
import { loadingBytes } from '../bytes/loading-room.ts';
import { addressingFor, mostMemoryBytes, pageBytes } from '../../../rns/kernels/module.ts';
import { workspaceBytes } from '../operations/operations.ts';
import { permutationBytes } from '../program/place-keys.ts';
import { type PlaintextPlan, planPlaintexts } from '../program/plaintext-plan.ts';
import { selfCheckBytes } from '../../../rns/memory/self-check.ts';
import { teamBytes } from './shared-team.ts';
import { planStaging, type StagingPlan } from '../program/staging.ts';

/** Regions in the order in which they stand. */
const regionNames = [
  /** Words of the team, see `shared-team.ts`. First, for workers get them as a view, and views in messages end at 4 GiB. */
  'team',
  /** Primes and their tables. */
  'context',
  'workspace',
  /** Tables and intermediate results of encoders. */
  'encoders',
  /** Saved bytes on their way to limbs and back. */
  'loading',
  'permutations',
  /** Of a run. Between runs saved keys lie there while they are loaded, and before all else the self-check works there. */
  'values',
  /** Plaintexts that are not kept. */
  'staging',
  'plaintexts',
  /** Places, one after another: the region is the first of them, the memory ends with the last. */
  'keys',
] as const;
export type RegionName = (typeof regionNames)[number];

/** What a worker needs of its own for runs that it does alone, in a lane: addresses. The first lane has the values of the team. */
export interface LaneMemory {
  /** Words of a team of one. */
  readonly words: number;
  readonly workspace: number;
  readonly values: number;
}

export interface MemoryPlan {
  /** Addresses; multiples of 128, and none is 0, which kernels take for `none`. */
  readonly regions: Readonly<Record<RegionName, number>>;
  /** One for each worker, before the keys; none where all runs are done by all workers. */
  readonly lanes: readonly LaneMemory[];
  /** With one place for keys. */
  readonly totalBytes: number;
  /** From one place for keys to the next. */
  readonly placeBytes: number;
}

/** What a program runs on, the same for all workers. */
export interface ProgramPlan {
  readonly program: LaidOutProgram;
  readonly keys: KeyPlan;
  readonly plaintexts: PlaintextPlan;
  readonly staging: StagingPlan;
  readonly memory: MemoryPlan;
  /** Why it cannot run: `tooLittleMemory`. */
  readonly problems: readonly Diagnostic[];
}

/** Where regions may lie. */
export interface Extent {
  /** Bytes between the words of the team and everything else, a multiple of 128; tests put all beyond 4 GiB by them. */
  readonly gap: number;
  /** Bytes of the memory, at most. */
  readonly limit: number;
}

export const wholeExtent: Extent = { gap: 0, limit: mostMemoryBytes.wide };

const alignment = 128;

/** Saved keys are loaded from one room while they are copied to another. */
export const loadRooms = 2;

/** Of the budget that weights leave, what lanes may take: they are worth less than keys that stay. */
const laneShare = 1 / 4;

/**
 * @param columns of a managed, verified program
 * @param members of the team
 * @param budgetBytes most bytes of plaintexts to keep; beyond `plaintextBudget` they may take a wide memory
 * @param stages the first row of each, where there are several
 */
export function planProgram(
  columns: HeColumns,
  parameters: Parameters,
  members: number,
  budgetBytes: number,
  { gap, limit }: Extent = wholeExtent,
  stages: readonly number[] = [0],
): ProgramPlan {
  const { polyModulusDegree: n } = parameters;
  const program = layOut(fuseProgram(columns, { stages }), parameters);
  const keys = planKeys(program, parameters);
  const isExtended = (row: number): boolean => program.extendedRows[row] === 1;
  const planFor = (budget: number): Omit<ProgramPlan, 'problems'> => {
    const plaintexts = planPlaintexts(columns, parameters, budget, isExtended);
    const staging = planStaging(plaintexts.encodings, parameters);
    const needs = {
      team: teamBytes,
      context: contextBytes(parameters),
      workspace: workspaceBytes(parameters, members),
      encoders: encodersBytes(n, members),
      loading: loadingBytes(parameters, members),
      permutations: permutationBytes(keys, n),
      values: Math.max(
        program.arenaBytes,
        members * Math.max(selfCheckBytes(n), loadRooms * mostDigitBytes(parameters)),
      ),
      staging: staging.bytes,
      plaintexts: plaintexts.bytes,
      keys: keys.bytes,
    };
    return { program, keys, plaintexts, staging, memory: planMemory(needs, gap) };
  };

  const wanted = planFor(budgetBytes);
  const narrow = Math.min(limit, mostMemoryBytes.narrow);
  const comfortable = Math.min(limit, simdMemory.limit);
  if (wanted.memory.totalBytes <= comfortable) return { ...wanted, problems: [] };
  // With less kept there is more staging, which is known for none kept.
  const least = planFor(0);
  const within = (bytes: number): typeof wanted => {
    const excess = wanted.memory.totalBytes - bytes;
    if (excess <= 0) return wanted;
    return planFor(Math.max(0, wanted.plaintexts.bytes - excess - least.staging.bytes - alignment));
  };
  // Fewer plaintexts rather than addresses of 64 bits, unless the budget was raised for them.
  const reduced = within(comfortable);
  const isRaised = budgetBytes > plaintextBudget;
  if (reduced.memory.totalBytes <= narrow && !isRaised) return { ...reduced, problems: [] };
  const wide = within(limit);
  if (wide.memory.totalBytes <= limit) return { ...wide, problems: [] };
  const sizes = { keys: keys.bytes, ciphertexts: program.arenaBytes, plaintexts: least.staging.bytes };
  return { ...wide, problems: [tooLittleMemory({ needed: least.memory.totalBytes, limit, ...sizes })] };
}

/** @param bytes of each region */
export function planMemory(bytes: Readonly<Record<RegionName, number>>, gap: number = wholeExtent.gap): MemoryPlan {
  // Below, a module could have data of its own.
  const space = new Space(pageBytes);
  const place = (name: RegionName): number => {
    const start = space.take(bytes[name]);
    if (name === 'team') space.take(gap);
    return start;
  };
  const regions = Object.fromEntries(regionNames.map((name) => [name, place(name)])) as Record<RegionName, number>;
  return { regions, lanes: [], totalBytes: space.end, placeBytes: space.end - regions.keys };
}

/** Regions one after another. */
class Space {
  end: number;

  constructor(start: number) {
    this.end = start;
  }

  take(bytes: number): number {
    const start = this.end;
    this.end = Math.ceil((start + bytes) / alignment) * alignment;
    return start;
  }
}

/** A plan with `count` lanes. */
export function withLanes(plan: ProgramPlan, parameters: Parameters, count: number): ProgramPlan {
  const { memory, program } = plan;
  const { regions } = memory;
  const space = new Space(regions.keys);
  const lanes = Array.from({ length: count }, (_, lane) => ({
    words: space.take(teamBytes),
    workspace: space.take(workspaceBytes(parameters, 1)),
    values: lane === 0 ? regions.values : space.take(program.arenaBytes),
  }));
  const totalBytes = memory.totalBytes + space.end - regions.keys;
  return { ...plan, memory: { ...memory, regions: { ...regions, keys: space.end }, lanes, totalBytes } };
}

/**
 * How many lanes a plan gets: one for each worker, or none where there is one worker, plaintexts that are not kept, which all
 * workers have one place for, or no room for all lanes.
 * @param budgetBytes what weights leave of the budget
 */
export function laneCount(plan: ProgramPlan, parameters: Parameters, members: number, budgetBytes: number): number {
  if (members === 1 || plan.staging.bytes > 0) return 0;
  const { totalBytes } = withLanes(plan, parameters, members).memory;
  const bytes = totalBytes - plan.memory.totalBytes;
  const isNarrow = addressingFor(plan.memory.totalBytes) === 'narrow';
  const limit = isNarrow ? simdMemory.limit : mostMemoryBytes.wide;
  return bytes <= laneShare * budgetBytes && totalBytes <= limit ? members : 0;
}

/**
 * Sets of keys that have a place at once: as many as the limit and the budget allow, and one.
 * @param budgetBytes what weights and lanes leave of the budget
 * @param limit by default all that a memory has which is addressed as one place asks for
 */
export function keyPlaces(
  { totalBytes, placeBytes }: MemoryPlan,
  budgetBytes: number,
  limit: number = mostMemoryBytes[addressingFor(totalBytes)],
): number {
  // Of a program without keys all are in the same place.
  if (placeBytes === 0) return Number.MAX_SAFE_INTEGER;
  const more = Math.min(limit - totalBytes, budgetBytes - placeBytes);
  return 1 + Math.max(0, Math.floor(more / placeBytes));
}
