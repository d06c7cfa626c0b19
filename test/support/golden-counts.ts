/** Operations and bytes of plans as goldens: exact, unlike times, which are never compared. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { PlanStatistics } from '../../ir/plan/plan.ts';

const schema = z.record(z.string(), z.record(z.string(), z.union([z.number(), z.array(z.number())])));

/** By model, then by statistic. */
export type GoldenCounts = Readonly<Record<string, Readonly<Record<string, number | readonly number[]>>>>;

/** Of the examples, and of the networks in `test/models/`, compiled for the engine that runs them by default. */
export const goldenFiles = {
  examples: new URL('../golden/counts.json', import.meta.url),
  /** The examples, compiled for node-seal, which does not hoist. */
  examplesOnSeal: new URL('../golden/seal-counts.json', import.meta.url),
  networks: new URL('../golden/network-counts.json', import.meta.url),
  networksOnSeal: new URL('../golden/seal-network-counts.json', import.meta.url),
  /** Ensembles of trees that read the same features. */
  trees: new URL('../golden/tree-counts.json', import.meta.url),
} as const;

/** Empty where the file is not there yet. */
export function readGoldenCounts(file: URL): GoldenCounts {
  return existsSync(file) ? schema.parse(JSON.parse(readFileSync(file, 'utf8'))) : {};
}

/** The statistics without the predicted error and the modelled memory, which are no counts. */
export function countsOf(statistics: PlanStatistics): GoldenCounts[string] {
  return Object.fromEntries(
    Object.entries({ ...statistics }).filter(([key]) => key !== 'predictedMaxError' && key !== 'peakBytes'),
  );
}

/** Puts the counts of one model in place of its golden. Not for test files that run at once. */
export function blessCounts(file: URL, name: string, counts: GoldenCounts[string]): void {
  const all = { ...readGoldenCounts(file), [name]: counts };
  writeFileSync(file, `${JSON.stringify(all, null, 2)}\n`);
}
