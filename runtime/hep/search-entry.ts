/** `search.json` of a `.hep`: the report of the search that led to the plan (`ir/plan/search-report.ts`). */
import { z } from 'zod';
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { badHepEntry } from '../../ir/diagnostics/plan.ts';
import { maxReportRows, objectives, type SearchReport } from '../../ir/plan/search-report.ts';
import type { ZipEntry } from '../format/zip-format.ts';
import { entryNames } from './archive.ts';
import type { EntryReader } from './entry-reader.ts';
import { describeIssues } from './manifest.ts';

const maxLength = 2 ** 25;

const label = z.string().max(4000);
const count = z.int().min(0);
const amount = z.number().min(0);

const measuresSchema = z.strictObject({
  samples: z.int().min(1),
  runs: z.int().min(1),
  milliseconds: amount,
  clientMilliseconds: amount,
  uploadBytes: count,
  downloadBytes: count,
  roundTrips: count.optional(),
  refreshBytes: count.optional(),
  peakBytes: count,
  galoisKeys: count,
  rotations: count,
});

const kernelSchema = z.strictObject({
  kernel: label,
  from: label,
  to: label,
  rotations: count,
  products: count,
  cost: amount,
});

const reportSchema: z.ZodType<SearchReport> = z.strictObject({
  objective: z.enum(objectives),
  unit: z.enum(['ms', 'ms per sample', 'bytes']),
  bandwidthMbit: z.number().positive(),
  limits: z.strictObject({
    memoryBytes: z.number().positive().optional(),
    uploadBytes: z.number().positive().optional(),
    galoisKeys: count.optional(),
  }),
  batch: z.int().min(1).optional(),
  stateBound: count,
  configurations: z
    .array(
      z.strictObject({
        polyModulusDegree: count,
        batchTile: z.int().min(1),
        states: count,
        exact: z.boolean(),
        estimate: amount.optional(),
        skipped: label.optional(),
      }),
    )
    .max(maxReportRows),
  candidates: z
    .array(
      z.strictObject({
        configuration: count,
        aim: label,
        estimate: amount,
        cost: amount.optional(),
        isBound: z.boolean().optional(),
        measures: measuresSchema.optional(),
        error: amount.optional(),
        keyBudget: count.optional(),
        verdict: z.enum(['chosen', 'costlier', 'limit', 'memory', 'inaccurate', 'too deep', 'not lowered']),
        reason: label,
      }),
    )
    .max(maxReportRows),
  layerUnit: z.enum(['ms', 'bytes']),
  layers: z
    .array(
      z.strictObject({
        name: label,
        op: label,
        chosen: kernelSchema,
        chosenMore: amount.optional(),
        alternatives: z.array(kernelSchema.extend({ more: amount, isBound: z.boolean() })).max(maxReportRows),
        weighed: count,
      }),
    )
    .max(maxReportRows),
  accuracy: z
    .strictObject({
      samples: count,
      of: count,
      approximationError: amount,
      noise: amount,
      degrees: z.array(count).max(maxReportRows),
      depths: z.array(count).max(maxReportRows).optional(),
      labelsKept: amount.optional(),
    })
    .optional(),
});

export function searchEntry(report: SearchReport): ZipEntry {
  // Fields stand in the order of the schema, so that what is read and written again has the same bytes.
  const { data, error } = reportSchema.safeParse(report);
  if (error !== undefined) throw new InternalError(`the search report cannot be written: ${describeIssues(error)}`);
  return { name: entryNames.search, bytes: new TextEncoder().encode(JSON.stringify(data, null, 1)) };
}

/** Undefined for a plan without one; H504 in the diagnostics of `reader` for one that is malformed. */
export function readSearch(reader: EntryReader): SearchReport | undefined {
  if (!reader.names().includes(entryNames.search)) return undefined;
  const found = parseReport(reader.text(entryNames.search));
  if (typeof found !== 'string') return found;
  reader.diagnostics.push(badHepEntry({ reason: found }, reader.place(entryNames.search)));
  return undefined;
}

/** The report, or why there is none. */
function parseReport(text: string): SearchReport | string {
  if (text.length > maxLength) return `the report of the search has more than ${maxLength} characters`;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return 'the report of the search is not JSON';
  }
  const parsed = reportSchema.safeParse(json);
  return parsed.success ? parsed.data : `the report of the search is malformed: ${describeIssues(parsed.error)}`;
}
