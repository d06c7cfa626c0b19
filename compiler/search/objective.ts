/**
 * What the search makes small:
 *   latency     evaluation of the wanted batch on one thread, by the cost model; with the round trips of refreshes and what is sent in
 *               them
 *   end-to-end  that, encryption of inputs and decryption of outputs, and both ways over a line of the stated bandwidth
 *   throughput  evaluation on one thread for each sample of a full run
 *   memory      peak bytes of the engine; between equals latency
 *   upload      bytes of the input ciphertexts of the wanted batch; between equals latency
 */
import type { Objective, PlanMeasures, SearchLimits, SearchReport } from '../../ir/plan/search-report.ts';
import type { TileShape } from '../../ir/tile/place-weights.ts';
import type { Prices } from '../layouts/cost.ts';

export interface Goal {
  readonly objective: Objective;
  /** Mbit/s in either direction. */
  readonly bandwidthMbit: number;
  readonly limits: SearchLimits;
  /** Samples that are wanted at once; undefined for as many as throughput likes. */
  readonly batch: number | undefined;
  /** Held to this shape of weight tiles; by default to none. */
  readonly tile?: TileShape | undefined;
}

export const defaultBandwidthMbit = 100;

const unitOf = {
  latency: 'ms',
  'end-to-end': 'ms',
  throughput: 'ms per sample',
  memory: 'bytes',
  upload: 'bytes',
} as const satisfies Record<Objective, SearchReport['unit']>;

export function unitOfGoal({ objective }: Goal): SearchReport['unit'] {
  return unitOf[objective];
}

/** What a plan costs in the unit of the objective, and what decides between equals. */
export type Score = readonly [cost: number, milliseconds: number];

/** What a round trip takes whatever is sent. */
export const roundTripMilliseconds = 25;

export function scoreOf(measures: PlanMeasures, { objective, bandwidthMbit }: Goal): Score {
  const { runs, uploadBytes, downloadBytes, clientMilliseconds, samples, peakBytes } = measures;
  const { roundTrips = 0, refreshBytes = 0 } = measures;
  const waiting = roundTrips * roundTripMilliseconds;
  const sending = refreshBytes * millisecondsPerByte(bandwidthMbit);
  // A client that refreshes is waited for, whatever else is small.
  const milliseconds = measures.milliseconds + sending + waiting / runs;
  const latency = runs * milliseconds;
  switch (objective) {
    case 'latency':
      return [latency, uploadBytes];
    case 'end-to-end': {
      const transfer = (uploadBytes + downloadBytes - refreshBytes) * millisecondsPerByte(bandwidthMbit);
      return [runs * (milliseconds + clientMilliseconds + transfer), latency];
    }
    case 'throughput':
      return [milliseconds / samples, milliseconds];
    case 'memory':
      return [peakBytes, latency];
    case 'upload':
      return [runs * uploadBytes, latency];
  }
}

export function isBetter([cost, tie]: Score, [otherCost, otherTie]: Score): boolean {
  return cost < otherCost || (cost === otherCost && tie < otherTie);
}

/** What the layout search minimises: one sum over the nodes of the network. */
export interface Aim {
  readonly name: string;
  readonly prices: Prices;
}

/** An objective as prices; `client` are its milliseconds for each byte that it sends, or that it is answered with. */
export function aimOf(
  objective: Objective,
  bandwidthMbit: number,
  { encryption, decryption }: { readonly encryption: number; readonly decryption: number },
): Aim {
  const line = millisecondsPerByte(bandwidthMbit);
  const prices: Record<Objective, Prices> = {
    latency: { millisecond: 1, uploadByte: 0, downloadByte: 0, memoryByte: 0 },
    'end-to-end': { millisecond: 1, uploadByte: line + encryption, downloadByte: line + decryption, memoryByte: 0 },
    throughput: { millisecond: 1, uploadByte: 0, downloadByte: 0, memoryByte: 0 },
    memory: { millisecond: tieBreak, uploadByte: 0, downloadByte: 0, memoryByte: 1 },
    upload: { millisecond: tieBreak, uploadByte: 1, downloadByte: 0, memoryByte: 0 },
  };
  return { name: objective, prices: prices[objective] };
}

/** Bytes that a millisecond is worth where bytes count: nothing beside a ciphertext. */
const tieBreak = 0.01;

/** A limit that a plan exceeds. */
export interface BrokenLimit {
  readonly option: '--max-memory' | '--max-upload' | '--max-keys';
  readonly needed: number;
  readonly most: number;
}

export function brokenLimits(measures: PlanMeasures, limits: SearchLimits): BrokenLimit[] {
  const rows: readonly [BrokenLimit['option'], number, number | undefined][] = [
    ['--max-memory', measures.peakBytes, limits.memoryBytes],
    ['--max-upload', measures.uploadBytes, limits.uploadBytes],
    ['--max-keys', measures.galoisKeys, limits.galoisKeys],
  ];
  return rows.flatMap(([option, needed, most]) =>
    most !== undefined && needed > most ? [{ option, needed, most }] : [],
  );
}

/**
 * Aims between the objective and the limited resources, for when the best plans by the objective alone exceed a limit:
 * at the limit a resource is worth a quarter of what the plan costs, as much as it, four times that, or everything.
 */
export function compromises(goal: Goal, primary: Aim, cost: number): Aim[] {
  const { limits } = goal;
  const towards = (name: Objective, limit: number): Aim[] => {
    const { prices } = aimOf(name, goal.bandwidthMbit, { encryption: 0, decryption: 0 });
    const share = (weight: number): Aim => {
      const rate = (weight * cost) / limit;
      return {
        name: `${primary.name} and ${name}`,
        prices: {
          ...primary.prices,
          uploadByte: primary.prices.uploadByte + rate * prices.uploadByte,
          memoryByte: primary.prices.memoryByte + rate * prices.memoryByte,
        },
      };
    };
    return [...[0.25, 1, 4].map(share), { name, prices }];
  };
  return [
    ...(limits.uploadBytes === undefined ? [] : towards('upload', limits.uploadBytes)),
    // Keys are a part of memory, and most of what a layout can save of it.
    ...(limits.memoryBytes === undefined && limits.galoisKeys === undefined
      ? []
      : towards('memory', limits.memoryBytes ?? 2 ** 28)),
  ];
}

export function millisecondsPerByte(bandwidthMbit: number): number {
  return 8 / (bandwidthMbit * 1000);
}
