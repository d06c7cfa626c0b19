/**
 * A `.hep` as an archive: the manifest, and entries that it lists with their digests. Reading checks sizes, names,
 * format version and manifest before anything else, and every digest before an entry is used.
 */
import { badHepEntry, badManifest, noPlan, otherHepVersion, unreadableHep } from '../../ir/diagnostics/plan.ts';
import {
  type Diagnostic,
  HepcError,
  InternalError,
  type Place,
  throwIfErrors,
} from '../../ir/diagnostics/diagnostic.ts';
import { sha256Hex } from '../../ir/digest.ts';
import { kindOfBytes } from '../../ir/files/kind-of-bytes.ts';
import { plainBytes } from '../base/own-bytes.ts';
import { readZip, writeZip } from '../format/zip.ts';
import { hasZipMagic } from '../format/zip-directory.ts';
import { type ZipEntry, ZipError } from '../format/zip-format.ts';
import {
  describeIssues,
  formatVersion,
  oldestVersion,
  headerSchema,
  type Manifest,
  manifestSchema,
  type ManifestText,
} from './manifest.ts';

export const manifestName = 'manifest.json';
export const maxManifestBytes = 2 ** 25;
/** Of what is in memory. */
export const maxArchiveBytes = 2 ** 32;
/** Entries are stored and do not overlap, so they take no more memory than the file itself. */
const limits = { maxEntries: 65_534, maxTotalBytes: maxArchiveBytes, allowDeflate: false };

/** Names of entries, apart from texts: `<folder>/<name>.<extension>`. */
export const entryNames = {
  index: (k: number) => `client/index-${k}.npy`,
  groups: (k: number) => `client/groups-${k}.npy`,
  outputIndex: (k: number) => `client/output-index-${k}.npy`,
  outputConstants: (k: number) => `client/output-constants-${k}.npy`,
  steps: (stage: 'pre' | 'post') => `client/${stage}.json`,
  column: (folder: 'program' | 'schedule' | 'plaintexts', name: string) => `${folder}/${name}.npy`,
  packed: (k: number) => `weights/${k}.npy`,
  bound: (k: number) => `bound/${k}.ct`,
  search: 'search.json',
  accuracy: 'accuracy.json',
  pruning: 'pruning.json',
  tilesBefore: (k: number) => `pruning/before-${k}.npy`,
  tilesAfter: (k: number) => `pruning/after-${k}.npy`,
} as const;

export const dumpName = /^ir\/([A-Za-z0-9][A-Za-z0-9._-]{0,99})\.ir$/;

export interface Archive {
  readonly manifest: Manifest;
  /** Everything but the manifest, and what is stored. */
  readonly entries: ReadonlyMap<string, Uint8Array>;
  /** Entries that are left in the file until they are asked for. */
  readonly stored: ReadonlyMap<string, StoredEntry>;
  readonly file: string;
}

export interface StoredEntry {
  readonly bytes: number;
  /** The content, once its digest has been compared. Rejects with `HepcError` H501 or H504. */
  read(): Promise<Uint8Array>;
}

/** The archive of a manifest and the entries that it is to list. Same input, same bytes. */
export function sealArchive(manifest: Omit<ManifestText, 'entries'>, entries: readonly ZipEntry[]): Uint8Array {
  const listed = entries.map(({ name, bytes }) => ({ name, sha256: sha256Hex(bytes) }));
  return writeZip([{ name: manifestName, bytes: encodeManifest({ ...manifest, entries: listed }) }, ...entries]);
}

/** The bytes of `manifest.json`; throws `InternalError` for one that could not be read back. */
export function encodeManifest(manifest: ManifestText): Uint8Array<ArrayBuffer> {
  const text = JSON.stringify(manifest, null, 1);
  const problem = manifestSchema.safeParse(JSON.parse(text)).error;
  if (problem !== undefined) throw new InternalError(`the plan cannot be written: ${describeIssues(problem)}`);
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > maxManifestBytes) throw new InternalError(`the manifest takes ${bytes.length} bytes`);
  return bytes;
}

/**
 * The archive in `bytes`, of which only entries that `trusted` accepts have had their digests compared.
 * Throws `HepcError` H501 to H504.
 */
export function openArchive(bytes: Uint8Array, file: string, trusted: (name: string) => boolean): Archive {
  const plain = plainBytes(bytes, 'a plan');
  refuseOtherKinds(plain, file);
  const found = unzip(plain, file);
  const manifest = parseManifest(found.get(manifestName), { file, part: manifestName });
  found.delete(manifestName);
  throwIfErrors(compareNames(manifest, found, file));
  const altered = manifest.entries.filter(({ name, sha256 }) => {
    const content = found.get(name);
    return content !== undefined && trusted(name) && sha256Hex(content) !== sha256;
  });
  throwIfErrors(altered.map(({ name }) => alteredEntry(name, file)));
  return { manifest, entries: found, stored: new Map(), file };
}

function unzip(bytes: Uint8Array, file: string): Map<string, Uint8Array> {
  try {
    return readZip(bytes, limits);
  } catch (error) {
    throw refusal(error, file);
  }
}

/** Throws `HepcError` H509 for bytes whose beginning is known to be that of something else. */
export function refuseOtherKinds(head: Uint8Array, file: string): void {
  const got = hasZipMagic(head) ? undefined : kindOfBytes(head);
  if (got !== undefined) throw new HepcError([noPlan({ got }, { file })]);
}

/** What to throw for an error of the ZIP code: H501, or the error itself where it is another one. */
export function refusal(error: unknown, file: string): unknown {
  if (!(error instanceof ZipError)) return error;
  const at: Place = error.entry === undefined ? { file } : { file, part: error.entry };
  return new HepcError([unreadableHep({ reason: error.message }, at)]);
}

export function alteredEntry(name: string, file: string): Diagnostic {
  const reason = 'the entry has been altered: its SHA-256 is not the one in the manifest';
  return badHepEntry({ reason }, { file, part: name });
}

export function parseManifest(bytes: Uint8Array | undefined, at: Place): Manifest {
  const refuse = (reason: string): HepcError => new HepcError([badManifest({ reason }, at)]);
  if (bytes === undefined)
    throw refuse(
      'it is missing, so this is another archive than a .hep file, such as samples (.npz) or a model of PyTorch',
    );
  if (bytes.length > maxManifestBytes) throw refuse(`it has ${bytes.length} bytes, more than ${maxManifestBytes}`);
  const json = parseJson(bytes);
  if (json === undefined) throw refuse('it is not JSON');
  const header = headerSchema.safeParse(json.value);
  if (!header.success) throw refuse(describeIssues(header.error));
  const { version, madeBy } = header.data;
  if (version < oldestVersion || version > formatVersion)
    throw new HepcError([otherHepVersion({ version, madeBy, oldest: oldestVersion, supported: formatVersion }, at)]);
  const manifest = manifestSchema.safeParse(json.value);
  if (!manifest.success) throw refuse(describeIssues(manifest.error));
  return manifest.data;
}

function parseJson(bytes: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) };
  } catch {
    return undefined;
  }
}

/** H504 for entries that are listed and not there, there and not listed, or listed twice. */
export function compareNames(
  { entries }: Manifest,
  found: { has(name: string): boolean; keys(): Iterable<string> },
  file: string,
): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const report = (part: string, reason: string): void => {
    if (diagnostics.length < 20) diagnostics.push(badHepEntry({ reason }, { file, part }));
  };
  const listed = new Set<string>();
  for (const { name } of entries) {
    if (listed.has(name)) report(name, 'the manifest lists this entry twice');
    else if (!found.has(name)) report(name, 'the manifest lists this entry, but it is missing');
    listed.add(name);
  }
  for (const name of found.keys()) {
    if (!listed.has(name)) report(name, 'the manifest does not list this entry');
  }
  return diagnostics;
}
