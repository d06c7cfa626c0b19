/**
 * A plan as the bytes of a `.hep`: a ZIP of stored entries that `unzip -l` and numpy can read.
 *   manifest.json            see `manifest.ts`
 *   client/index-<k>.npy     indices of input encodings, where they are not the identity
 *   client/output-<…>.npy    indices and constants of output encodings, where they have any
 *   client/{pre,post}.json   what the client computes itself, where it does (`steps-entry.ts`)
 *   program/<column>.npy     columns of the program (`ir/he/module.ts`)
 *   schedule/<column>.npy    and of its schedule (`ir/plan/plan.ts`)
 *   plaintexts/<column>.npy  the plaintext pool (`ir/he/plaintexts.ts`)
 *   weights/<k>.npy          packed constants, f64 [tiles, period], or [tiles, period, 2] of complex ones
 *   bound/<k>.ct             encrypted weights, saved by SEAL, of a bound plan
 *   search.json              what the search tried, see `search-entry.ts`
 *   accuracy.json            where its error comes from, see `accuracy-entry.ts`
 *   pruning.json, pruning/   what pruning did, see `pruning-entry.ts`
 *   ir/<name>.ir             texts of the levels above
 */
import { type HeColumns, type HeModule, columnNames } from '../../ir/he/module.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { type NdArray, writeNpy } from '../format/npy.ts';
import type { ZipEntry } from '../format/zip-format.ts';
import type { Append } from '../format/zip-writer.ts';
import { dumpName, entryNames, sealArchive } from './archive.ts';
import { ArchiveWriter } from './archive-file.ts';
import { clientEntries, manifestHead, type WriteOptions } from './client-part.ts';
import { accuracyEntry } from './accuracy-entry.ts';
import { pruningEntries } from './pruning-entry.ts';
import { type ManifestText, statisticsSchema } from './manifest.ts';
import { searchEntry } from './search-entry.ts';
import { withoutEncryptedWeights } from './without-weights.ts';

/**
 * The `.hep` of `plan`: same plan, same bytes. A bound plan is written without the weights that it holds encrypted
 * and without dumps and the reports of search and accuracy, which may show them or where they are zero. Its ciphertexts must be in
 * memory; where they are not, `writeBoundHep` writes them one after another.
 */
export function writeHep(plan: Plan, options: WriteOptions = {}): Uint8Array {
  const { bound } = plan;
  if (bound !== undefined) {
    const { ciphertexts } = bound;
    if ('sizeOf' in ciphertexts) throw new InternalError('ciphertexts that are in a file cannot be written at once');
    const { head, entries } = boundArchive(plan, bound, options);
    const listed = ciphertexts.map((bytes, k) => ({ name: entryNames.bound(k), bytes }));
    return sealArchive(head, [...entries, ...listed]);
  }
  return sealArchive({ ...manifestHead(plan.client, options), server: serverHead(plan, plan.program) }, [
    ...programEntries(plan, plan.program),
    ...reportEntries(plan),
  ]);
}

/**
 * Hands the `.hep` of a plan without encrypted weights to `append` piece by piece, so that no more than one entry is in
 * memory beside the plan. The entries are those of `writeHep`; the manifest comes last. Returns the bytes of the file.
 */
export async function writeHepInParts(plan: Plan, append: Append, options: WriteOptions = {}): Promise<number> {
  if (plan.bound !== undefined) throw new InternalError('bound plans are written as their weights are encrypted');
  const writer = new ArchiveWriter(append);
  for (const entry of programEntries(plan, plan.program)) await writer.add(entry);
  for (const entry of reportEntries(plan)) await writer.add(entry);
  return writer.finish({ ...manifestHead(plan.client, options), server: serverHead(plan, plan.program) });
}

function* reportEntries({ search, accuracy, pruning, dumps }: Plan): Generator<ZipEntry> {
  if (search !== undefined) yield searchEntry(search);
  if (accuracy !== undefined) yield accuracyEntry(accuracy);
  if (pruning !== undefined) yield* pruningEntries(pruning);
  for (const [name, text] of dumps) yield dumpEntry(name, text);
}

/** What a bound plan consists of, but for the ciphertexts: `bound` says how many these are. */
export function boundArchive(
  plan: Plan,
  {
    publicKeyDigest,
    ciphertexts,
  }: { readonly publicKeyDigest: string; readonly ciphertexts: { readonly length: number } },
  options: WriteOptions,
): { readonly head: Omit<ManifestText, 'entries'>; readonly entries: readonly ZipEntry[] } {
  const program = withoutEncryptedWeights(plan.program);
  const server = { ...serverHead(plan, program), bound: { publicKeyDigest, ciphertexts: ciphertexts.length } };
  return { head: { ...manifestHead(plan.client, options), server }, entries: [...programEntries(plan, program)] };
}

function serverHead({ engine, weights, statistics }: Plan, program: HeModule): NonNullable<ManifestText['server']> {
  return {
    name: program.name,
    slots: program.slots,
    engine,
    weights,
    // Counts alone: what the cost model says is computed where it is shown.
    statistics: statisticsSchema.parse(statistics),
    origins: program.origins.map((refs) => refs.map(({ name, opType, output }) => ({ name, opType, output }))),
    packed: program.packed.length,
  };
}

/** One after another, for those of weights are copies of them. */
function* programEntries({ client, schedule }: Plan, program: HeModule): Generator<ZipEntry> {
  yield* clientEntries(client);
  for (const name of columnNames) yield column('program', name, columnArray(program.columns, name));
  yield column('schedule', 'buffer', vectorOf('i4', schedule.buffer));
  yield column('schedule', 'frees', vectorOf('u1', schedule.frees));
  yield column('schedule', 'group', vectorOf('i4', schedule.group));
  for (const name of ['source', 'tile', 'shift', 'inner'] as const)
    yield column('plaintexts', name, vectorOf('i4', program.plaintexts[name]));
  for (const [k, { shape, values }] of program.packed.entries())
    yield { name: entryNames.packed(k), bytes: writeNpy({ dtype: 'f8', shape, data: values }) };
}

function column(folder: 'program' | 'schedule' | 'plaintexts', name: string, array: NdArray): ZipEntry {
  return { name: entryNames.column(folder, name), bytes: writeNpy(array) };
}

function columnArray(columns: HeColumns, name: (typeof columnNames)[number]): NdArray {
  const data = columns[name];
  if (data instanceof Uint8Array) return vectorOf('u1', data);
  return data instanceof Int32Array ? vectorOf('i4', data) : vectorOf('f8', data);
}

function vectorOf(dtype: 'u1', data: Uint8Array): NdArray;
function vectorOf(dtype: 'i4', data: Int32Array): NdArray;
function vectorOf(dtype: 'f8', data: Float64Array): NdArray;
function vectorOf(dtype: string, data: Uint8Array | Int32Array | Float64Array): NdArray {
  return { dtype, shape: [data.length], data } as NdArray;
}

function dumpEntry(name: string, text: string): ZipEntry {
  const path = `ir/${name}.ir`;
  if (!dumpName.test(path)) throw new InternalError(`no dump can be called ${name}`);
  return { name: path, bytes: new TextEncoder().encode(text) };
}
