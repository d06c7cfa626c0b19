/** What `bench/hepex/results.json` holds, by part. */
import type { BestPruning } from './best-pruning.ts';
import type { SchemeTable } from './schemes-table.ts';

export interface HepexResults {
  readonly best: Readonly<Record<string, BestPruning>>;
  readonly schemes: Readonly<Record<string, SchemeTable>>;
}
