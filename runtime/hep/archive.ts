/**
 * A `.hep` as an archive: the manifest, and entries that it lists with their digests. Reading checks sizes, names,
 * format version and manifest before anything else, and every digest before an entry is used.
 */
import { badHepEntry, badManifest, newerHep, unreadableHep } from '../../ir/diagnostics/plan.ts';
import {
  type Diagnostic,
  HepcError,
  InternalError,
  type Place,
  throwIfErrors,
} from '../../ir/diagnostics/diagnostic.ts';
import { sha256Hex } from '../../ir/digest.ts';
import { readZip, writeZip, type ZipEntry, ZipError } from '../format/zip.ts';
import {
  describeIssues,
  formatVersion,
  headerSchema,
  type Manifest,
  manifestSchema,
  type ManifestText,
} from './manifest.ts';

const manifestName = 'manifest.json';
const maxManifestBytes = 2 ** 25;
/** Entries are stored and do not overlap, so they take no more memory than the file itself. */
const limits = { maxEntries: 65_534, maxTotalBytes: 2 ** 32, allowDeflate: false };

/** Names of entries, apart from texts: `<folder>/<name>.<extension>`. */
export const entryNames = {
  index: (k: number) => `client/index-${k}.npy`,
  column: (folder: 'program' | 'schedule' | 'plaintexts', name: string) => `${folder}/${name}.npy`,
  packed: (k: number) => `weights/${k}.npy`,
  bound: (k: number) => `bound/${k}.ct`,
  search: 'search.json',
} as const;

export const dumpName = /^ir\/([A-Za-z0-9][A-Za-z0-9._-]{0,99})\.ir$/;

export interface Archive {
  readonly manifest: Manifest;
  /** Everything but the manifest. */
  readonly entries: ReadonlyMap<string, Uint8Array>;
  readonly file: string;
}

/** The archive of a manifest and the entries that it is to list. Same input, same bytes. */
export function sealArchive(manifest: Omit<ManifestText, 'entries'>, entries: readonly ZipEntry[]): Uint8Array {
  const listed = entries.map(({ name, bytes }) => ({ name, sha256: sha256Hex(bytes) }));
  const whole: ManifestText = { ...manifest, entries: listed };
  const text = JSON.stringify(whole, null, 1);
  const problem = manifestSchema.safeParse(JSON.parse(text)).error;
  if (problem !== undefined) throw new InternalError(`the plan cannot be written: ${describeIssues(problem)}`);
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > maxManifestBytes) throw new InternalError(`the manifest takes ${bytes.length} bytes`);
  return writeZip([{ name: manifestName, bytes }, ...entries]);
}

/**
 * The archive in `bytes`, of which only entries that `trusted` accepts have had their digests compared.
 * Throws `HepcError` H501 to H504.
 */
export function openArchive(bytes: Uint8Array, file: string, trusted: (name: string) => boolean): Archive {
  const found = unzip(bytes, file);
  const manifest = parseManifest(found.get(manifestName), { file, part: manifestName });
  found.delete(manifestName);
  throwIfErrors(compareEntries(manifest, found, file, trusted));
  return { manifest, entries: found, file };
}

function unzip(bytes: Uint8Array, file: string): Map<string, Uint8Array> {
  try {
    return readZip(bytes, limits);
  } catch (error) {
    if (!(error instanceof ZipError)) throw error;
    const at: Place = error.entry === undefined ? { file } : { file, part: error.entry };
    throw new HepcError([unreadableHep({ reason: error.message }, at)]);
  }
}

function parseManifest(bytes: Uint8Array | undefined, at: Place): Manifest {
  const refuse = (reason: string): HepcError => new HepcError([badManifest({ reason }, at)]);
  if (bytes === undefined) throw refuse('it is missing, so this is no .hep file');
  if (bytes.length > maxManifestBytes) throw refuse(`it has ${bytes.length} bytes, more than ${maxManifestBytes}`);
  const json = parseJson(bytes);
  if (json === undefined) throw refuse('it is not JSON');
  const header = headerSchema.safeParse(json.value);
  if (!header.success) throw refuse(describeIssues(header.error));
  const { version, madeBy } = header.data;
  if (version > formatVersion) throw new HepcError([newerHep({ version, madeBy, supported: formatVersion }, at)]);
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

function compareEntries(
  { entries }: Manifest,
  found: ReadonlyMap<string, Uint8Array>,
  file: string,
  trusted: (name: string) => boolean,
): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const report = (part: string, reason: string): void => {
    if (diagnostics.length < 20) diagnostics.push(badHepEntry({ reason }, { file, part }));
  };
  const listed = new Set<string>();
  for (const { name, sha256 } of entries) {
    const bytes = found.get(name);
    if (listed.has(name)) report(name, 'the manifest lists this entry twice');
    else if (bytes === undefined) report(name, 'the manifest lists this entry, but it is missing');
    else if (trusted(name) && sha256Hex(bytes) !== sha256)
      report(name, 'the entry has been altered: its SHA-256 is not the one in the manifest');
    listed.add(name);
  }
  for (const name of found.keys()) {
    if (!listed.has(name)) report(name, 'the manifest does not list this entry');
  }
  return diagnostics;
}
