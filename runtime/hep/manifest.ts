/**
 * `manifest.json` of a `.hep`: everything but arrays and texts, and the SHA-256 of every other entry. Bounds here are
 * those that reading relies on before it allocates; whether the parts agree is checked in `check-client.ts` and
 * `check-plan.ts`.
 */
import { z } from 'zod';

import { visible } from '../../ir/diagnostics/diagnostic.ts';
import { leastCalibration } from '../../ir/plan/calibration.ts';
import { parametersSchema } from '../../ir/ckks/parameters-schema.ts';
import { maxDataPrimes, maxSlots } from '../../ir/parameters.ts';
import { maxGroups } from '../../ir/plan/element-bounds.ts';
import { engineNames, maxRunCiphertexts } from '../../ir/plan/plan.ts';
import { maxRounds } from '../../ir/plan/stages.ts';
import { type Dim, isPowerOfTwo, Layout, whyNoDim } from '../../ir/tile/layout.ts';

/**
 * Version of the format that this hepc writes. Of those before it reads what they say of themselves: up to version 5 all
 * elements of an input had one bound and nothing was refreshed, up to version 4 there was one special prime, under a name of its own.
 */
export const formatVersion = 6;
export const oldestVersion = 4;

/** Elements of one sample of all inputs and outputs of a plan. */
const maxElements = 2 ** 24;
/** Virtual slots of all ciphertexts of an input or output. */
const maxPlaces = 2 ** 26;

/** What is shown to people; a terminal would obey control characters. */
const shown = z.string().refine((text) => visible(text) === text, 'holds control characters');
const name = shown.min(1).max(1024);
const count = z.int().min(0);
const index = z.int().min(0).max(0x7fffffff);
const keyLevel = z
  .int()
  .min(0)
  .max(maxDataPrimes - 1);
const positive = z.number().positive();

/** What can be read of a manifest of any version. */
export const headerSchema = z.looseObject({
  format: z.literal('hepc'),
  version: z.int().min(1),
  madeBy: z.string().max(200),
});

const dimSchema = z
  .strictObject({
    n: z.int().min(1).max(maxElements),
    t: z.int().min(1).max(maxSlots).refine(isPowerOfTwo, 'must be a power of two'),
    duplicated: z.boolean(),
    unknown: z.boolean(),
    interleaved: z.boolean(),
    /** Left out where it is not. */
    multiplexed: z.literal(true).optional(),
  })
  .transform((dim): Dim => ({ ...dim, multiplexed: dim.multiplexed === true }))
  .superRefine((dim, context) => {
    const message = whyNoDim(dim);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });

const layoutSchema = z
  .strictObject({
    dims: z.array(dimSchema).min(1).max(16),
    batchTile: z.int().min(1).max(maxSlots).refine(isPowerOfTwo, 'must be a power of two'),
  })
  .refine(({ dims }) => dims.reduce((product, { n }) => product * n, 1) <= maxElements, 'has too many elements')
  .refine(
    ({ dims }) => dims.reduce((product, { n, t }) => product * Math.ceil(n / t) * t, 1) <= maxPlaces,
    'has too many ciphertexts',
  )
  .transform(({ dims, batchTile }) => new Layout(dims, batchTile));

const shapeSchema = z
  .array(z.int().min(1))
  .max(16)
  .refine((shape) => shape.reduce((product, extent) => product * extent, 1) <= maxElements, 'has too many elements');

const encoding = {
  name,
  shape: shapeSchema,
  hasBatchAxis: z.boolean(),
  /** Left out where the batch axis is the first. */
  batchAxis: z.int().min(1).max(16).optional(),
  factor: z.number(),
  layout: layoutSchema,
  firstCiphertext: index,
  level: z.int().min(0).max(255),
  scale: positive,
};

/** Least and most of something. */
const range = z.tuple([z.number(), z.number()]).refine(([least, most]) => least <= most, 'its least is above its most');

const inputSchema = z.strictObject({
  ...encoding,
  /** Element e is input element e, or the index is the entry `client/index-<k>.npy` of input k. */
  index: z.enum(['identity', 'entry']),
  used: z.array(z.boolean()).min(1),
  maxAbs: z.number().min(0),
  /** Left out where all elements may have values up to `maxAbs`; else the group of each is in an entry of input k. */
  groups: z
    .array(z.strictObject({ calibrated: range, together: range, alone: range, clips: z.literal(true).optional() }))
    .min(1)
    .max(maxGroups)
    .optional(),
});

const outputSchema = z.strictObject({
  ...encoding,
  /** Left out where element e of the output is element e of the layout; else the entry of output k. */
  index: z.literal('entry').optional(),
  /** Left out where no element is constant, or all of them zero; else the entry of output k. */
  constants: z.literal('entry').optional(),
  /** Left out where all ciphertexts are sent. */
  used: z.array(z.boolean()).min(1).optional(),
});

const ofNorm = range.refine(([least]) => least >= 0, 'a norm is negative');

const calibrationSchema = z.strictObject({
  samples: z.int().min(leastCalibration),
  inputs: z.array(z.strictObject({ name, mean: range, norm: ofNorm, deviation: ofNorm, roughness: ofNorm })).max(256),
  outputs: z.array(z.strictObject({ name, largest: z.number().min(0) })).max(256),
});

/** Version 4 has the one special prime that there was by itself, as `specialPrime`. */
const anyParameters = z.preprocess((given) => {
  if (typeof given !== 'object' || given === null || !('specialPrime' in given)) return given;
  const { specialPrime, ...others } = given;
  return { ...others, specialPrimes: [specialPrime] };
}, parametersSchema);

const clientSchema = z
  .strictObject({
    name: shown.max(1024),
    parameters: anyParameters,
    batch: z.int().min(1).max(maxSlots),
    inputs: z.array(inputSchema).max(256),
    outputs: z.array(outputSchema).min(1).max(256),
    rotationSteps: z.array(index).max(maxSlots),
    needsRelinKeys: z.boolean(),
    needsEncapsulation: z.literal(true).optional(),
    /** With several special primes: the highest levels of keys, of rotations in the order of the steps. */
    keyLevels: z
      .strictObject({ rotations: z.array(keyLevel).max(maxSlots), relinearization: keyLevel.optional() })
      .optional(),
    /** Left out where the client refreshes nothing; else the level and scale of each ciphertext, round trip by round trip. */
    refreshes: z
      .array(
        z
          .array(z.strictObject({ level: keyLevel, scale: positive }))
          .min(1)
          .max(maxRunCiphertexts),
      )
      .min(1)
      .max(maxRounds)
      .optional(),
    maxError: z.number().min(0),
    predictedMaxError: z.number().min(0),
    synthetic: z.boolean(),
    /** Left out where there were no samples of the user's, or too few. */
    calibration: calibrationSchema.optional(),
  })
  .refine(
    ({ inputs, outputs }) =>
      [...inputs, ...outputs].reduce((sum, { layout }) => sum + layout.elements, 0) <= maxElements,
    'has too many elements in all inputs and outputs',
  );

/** Counts of the program. Other figures, which some other cost model may have put there, are passed over. */
export const statisticsSchema = z.object({
  polyModulusDegree: count,
  modulusBits: z.array(count),
  levels: count,
  rotations: count,
  relinearizations: count,
  multiplyPlain: count,
  multiplyCipher: count,
  rescales: count,
  additions: count,
  galoisKeys: count,
  galoisKeyBytes: count,
  weightTiles: count,
  weightTilesPruned: count,
  inputCiphertexts: count,
  outputCiphertexts: count,
  predictedMaxError: z.number().min(0),
});

const digest = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits');

const serverSchema = z.strictObject({
  name: shown.max(1024),
  slots: index,
  engine: z.enum(engineNames),
  weights: z.enum(['plain', 'encrypted']),
  statistics: statisticsSchema,
  origins: z.array(z.array(z.strictObject({ name: shown, opType: shown, output: shown }))),
  /** Numbers of the entries `weights/<k>.npy` and `bound/<k>.ct`. */
  packed: index,
  bound: z.strictObject({ publicKeyDigest: digest, ciphertexts: index }).optional(),
});

export const manifestSchema = z.strictObject({
  format: z.literal('hepc'),
  version: z.int().min(oldestVersion).max(formatVersion),
  madeBy: z.string().max(200),
  client: clientSchema,
  /** Absent in the client part. */
  server: serverSchema.optional(),
  entries: z.array(z.strictObject({ name, sha256: digest })),
});

export type Manifest = z.output<typeof manifestSchema>;
/** As written to JSON. */
export type ManifestText = z.input<typeof manifestSchema>;

/** What is wrong with a manifest, a line for each of the first few problems. */
export function describeIssues(error: z.ZodError): string {
  const shown = error.issues.slice(0, 5).map(({ path, message }) => {
    const where = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
    return where === '' ? message : `${where.replace(/^\./, '')}: ${message}`;
  });
  const more = error.issues.length - shown.length;
  return shown.join('; ') + (more > 0 ? `; and ${more} more` : '');
}
