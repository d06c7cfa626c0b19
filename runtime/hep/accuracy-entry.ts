/** `accuracy.json` of a `.hep`: where the error of the plan comes from (`ir/plan/accuracy-report.ts`). */
import { z } from 'zod';
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { badHepEntry } from '../../ir/diagnostics/plan.ts';
import { type AccuracyReport, histogramBins, maxAccuracyRows } from '../../ir/plan/accuracy-report.ts';
import { activationKinds } from '../../ir/tensor/ops.ts';
import type { ZipEntry } from '../format/zip-format.ts';
import { entryNames } from './archive.ts';
import type { EntryReader } from './entry-reader.ts';
import { describeIssues } from './manifest.ts';

const maxLength = 2 ** 25;
/** Terms of a polynomial, with room beyond the degrees that the compiler takes. */
const maxTerms = 1024;

const label = z.string().max(4000);
const count = z.int().min(0);
/** Of numbers that are drawn. */
const bound = 1e100;
/** Of compositions, and of breaks. */
const maxStages = 16;

const amount = z.number().min(0).max(bound);
const finite = z.number().min(-bound).max(bound);

const halfWidth = z
  .number()
  .min(1 / bound)
  .max(bound);

const compositeSchema = z.strictObject({
  pieces: z
    .array(
      z.strictObject({
        factor: z.array(finite).min(1).max(maxTerms),
        stages: z
          .array(z.strictObject({ coefficients: z.array(finite).min(1).max(maxTerms), center: finite, halfWidth }))
          .min(1)
          .max(maxStages),
      }),
    )
    .min(1)
    .max(maxStages),
  offset: finite,
});

const activationSchema = z
  .strictObject({
    name: label,
    kind: z.enum(activationKinds),
    parameters: z.array(z.number()).max(2),
    functions: z.int().min(1),
    coefficients: z.array(finite).max(maxTerms),
    composite: compositeSchema.optional(),
    center: finite,
    halfWidth,
    least: finite,
    most: finite,
    counts: z.array(count).length(histogramBins),
    decisions: z.strictObject({ made: count, unclear: count, margin: amount }).optional(),
    layer: count,
  })
  .refine(({ least, most }) => least <= most, 'its least operand is above its largest')
  .refine(
    ({ decisions }) => (decisions?.unclear ?? 0) <= (decisions?.made ?? 0),
    'more decisions are unclear than it makes',
  )
  .refine(
    ({ coefficients, composite }) => (coefficients.length === 0) === (composite !== undefined),
    'either a polynomial or a composite stands for an activation',
  );

const reportSchema: z.ZodType<AccuracyReport> = z
  .strictObject({
    version: z.literal(1),
    approximation: z.strictObject({ typical: amount, largest: amount, samples: count }),
    noise: z.strictObject({ typical: amount, samples: z.int().min(1) }).optional(),
    layers: z
      .array(z.strictObject({ name: label, approximation: amount.optional(), noise: amount.optional() }))
      .max(maxAccuracyRows),
    activations: z.array(activationSchema).max(maxAccuracyRows),
  })
  .refine(
    ({ layers, activations }) => activations.every(({ layer }) => layer < layers.length),
    'an activation is of a layer that there is not',
  );

export function accuracyEntry(report: AccuracyReport): ZipEntry {
  // Fields stand in the order of the schema, so that what is read and written again has the same bytes.
  const { data, error } = reportSchema.safeParse(report);
  if (error !== undefined) throw new InternalError(`the accuracy report cannot be written: ${describeIssues(error)}`);
  return { name: entryNames.accuracy, bytes: new TextEncoder().encode(JSON.stringify(data)) };
}

/** Undefined for a plan without one; H504 in the diagnostics of `reader` for one that is malformed. */
export function readAccuracy(reader: EntryReader): AccuracyReport | undefined {
  if (!reader.names().includes(entryNames.accuracy)) return undefined;
  const found = parseReport(reader.text(entryNames.accuracy));
  if (typeof found !== 'string') return found;
  reader.diagnostics.push(badHepEntry({ reason: found }, reader.place(entryNames.accuracy)));
  return undefined;
}

/** The report, or why there is none. */
function parseReport(text: string): AccuracyReport | string {
  if (text.length > maxLength) return `the report of accuracy has more than ${maxLength} characters`;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return 'the report of accuracy is not JSON';
  }
  const { data, error } = reportSchema.safeParse(json);
  return error === undefined ? data : `the report of accuracy is malformed: ${describeIssues(error)}`;
}
