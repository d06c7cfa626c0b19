/**
 * What pruning did to the model (`ir/plan/pruning-report.ts`) in a `.hep`: `pruning.json`, and the grids of tiles of
 * layer k as `pruning/before-<k>.npy` and `pruning/after-<k>.npy`, u8 [rows · columns].
 */
import { z } from 'zod';
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { badHepEntry } from '../../ir/diagnostics/plan.ts';
import { maxPruningRows, maxReportedTiles, pruningMetrics, type PruningReport } from '../../ir/plan/pruning-report.ts';
import { writeNpy } from '../format/npy.ts';
import type { ZipEntry } from '../format/zip-format.ts';
import { entryNames } from './archive.ts';
import type { EntryReader } from './entry-reader.ts';
import { describeIssues } from './manifest.ts';

const maxLength = 2 ** 24;

const label = z.string().max(4000);
const count = z.int().min(0);
const amount = z.number().min(0);
const share = z.number().min(0).max(1);
const extent = z.int().min(1).max(maxReportedTiles);
const tileSchema = z.strictObject({ rows: extent, columns: extent });

const countsSchema = z.strictObject({
  weights: count,
  tiles: count,
  inputCiphertexts: count,
  rotations: count,
  milliseconds: amount,
  peakBytes: count,
});

const textSchema = z.strictObject({
  policy: label,
  sparsity: share,
  tile: tileSchema.optional(),
  maxDegradation: amount.optional(),
  quality: z.strictObject({
    metric: z.enum(pruningMetrics),
    unpruned: amount,
    pruned: amount,
    recovered: amount,
    retrained: amount.optional(),
  }),
  before: countsSchema,
  after: countsSchema,
  layers: z
    .array(z.strictObject({ name: label, rows: extent, columns: extent, largest: amount }))
    .max(maxPruningRows)
    .refine(
      (layers) => layers.reduce((sum, { rows, columns }) => sum + rows * columns, 0) <= maxReportedTiles,
      `there are more than ${maxReportedTiles} tiles`,
    ),
  points: z
    .array(
      z.strictObject({
        policy: label,
        sparsity: share,
        tile: tileSchema.optional(),
        quality: amount,
        milliseconds: amount,
        accepted: z.boolean(),
        chosen: z.boolean(),
      }),
    )
    .max(maxPruningRows),
});

/** Throws `InternalError` for a report beyond the bounds of `ir/plan/pruning-report.ts`. */
export function pruningEntries(report: PruningReport): ZipEntry[] {
  const layers = report.layers.map(({ name, rows, columns, largest }) => ({ name, rows, columns, largest }));
  // Fields stand in the order of the schema, so that what is read and written again has the same bytes.
  const { data, error } = textSchema.safeParse({ ...report, layers });
  if (error !== undefined) throw new InternalError(`the report of pruning cannot be written: ${describeIssues(error)}`);
  return [
    { name: entryNames.pruning, bytes: new TextEncoder().encode(JSON.stringify(data, null, 1)) },
    ...report.layers.flatMap(({ before, after }, k) => [
      gridEntry(entryNames.tilesBefore(k), before),
      gridEntry(entryNames.tilesAfter(k), after),
    ]),
  ];
}

function gridEntry(name: string, data: Uint8Array): ZipEntry {
  return { name, bytes: writeNpy({ dtype: 'u1', shape: [data.length], data }) };
}

/** Undefined for a plan without one; H504 and H505 in the diagnostics of `reader` for one that is malformed. */
export function readPruning(reader: EntryReader): PruningReport | undefined {
  if (!reader.names().includes(entryNames.pruning)) return undefined;
  const found = parseReport(reader.text(entryNames.pruning));
  if (typeof found === 'string') {
    reader.diagnostics.push(badHepEntry({ reason: found }, reader.place(entryNames.pruning)));
    return undefined;
  }
  const layers = found.layers.map((layer, k) => ({
    ...layer,
    before: reader.u1(entryNames.tilesBefore(k), layer.rows * layer.columns),
    after: reader.u1(entryNames.tilesAfter(k), layer.rows * layer.columns),
  }));
  return { ...found, layers };
}

/** The report without its grids, or why there is none. */
function parseReport(text: string): z.output<typeof textSchema> | string {
  if (text.length > maxLength) return `the report of pruning has more than ${maxLength} characters`;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return 'the report of pruning is not JSON';
  }
  const { data, error } = textSchema.safeParse(json);
  return error === undefined ? data : `the report of pruning is malformed: ${describeIssues(error)}`;
}
