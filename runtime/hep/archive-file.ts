/**
 * A `.hep` archive in a file that may be larger than memory: read with random access, written entry by entry. Entries
 * that are left in the file are compared with their digests each time that they are read.
 */
import { tellingBytes } from '../../ir/files/kind-of-bytes.ts';
import { unreadableHep } from '../../ir/diagnostics/plan.ts';
import { HepcError, throwIfErrors } from '../../ir/diagnostics/diagnostic.ts';
import { sha256HexOf } from '../../ir/digest.ts';
import type { RandomAccess } from '../format/random-access.ts';
import { ZipFile } from '../format/zip-file.ts';
import type { ZipEntry } from '../format/zip-format.ts';
import { type Append, ZipWriter } from '../format/zip-writer.ts';
import {
  alteredEntry,
  type Archive,
  compareNames,
  encodeManifest,
  manifestName,
  maxArchiveBytes,
  maxManifestBytes,
  parseManifest,
  refusal,
  refuseOtherKinds,
  type StoredEntry,
} from './archive.ts';
import type { ManifestText } from './manifest.ts';

const limits = { maxEntries: 2 ** 20, maxTotalBytes: Infinity, allowZip64: true };

/**
 * The archive in `source`, which is read from as long as the archive is used. Entries that `isStored` accepts stay there.
 * Rejects with `HepcError` H501 to H504.
 */
export async function openArchiveFile(
  source: RandomAccess,
  file: string,
  isStored: (name: string) => boolean,
): Promise<Archive> {
  const zip = await attempt(file, async () => {
    refuseOtherKinds(await source.read(0, tellingBytes), file);
    return ZipFile.open(source, limits);
  });
  const manifestSize = zip.entries.get(manifestName)?.size;
  const tooLarge = manifestSize !== undefined && manifestSize > maxManifestBytes;
  if (tooLarge) throw refuseSize(`the manifest has ${manifestSize} bytes, more than ${maxManifestBytes}`, file);
  const text = manifestSize === undefined ? undefined : await attempt(file, () => zip.read(manifestName));
  const manifest = parseManifest(text, { file, part: manifestName });
  const records = new Map(zip.entries);
  records.delete(manifestName);
  throwIfErrors(compareNames(manifest, records, file));

  const eager = [...records.values()].filter(({ name }) => !isStored(name));
  const total = eager.reduce((sum, { size }) => sum + size, 0);
  if (total > maxArchiveBytes) throw refuseSize(`its program takes ${total} bytes, more than ${maxArchiveBytes}`, file);
  const digests = new Map(manifest.entries.map(({ name, sha256 }) => [name, sha256]));
  const read = async (name: string): Promise<Uint8Array> => {
    const bytes = await attempt(file, () => zip.read(name));
    if ((await sha256HexOf(bytes)) !== digests.get(name)) throw new HepcError([alteredEntry(name, file)]);
    return bytes;
  };
  const entries = new Map<string, Uint8Array>();
  const stored = new Map<string, StoredEntry>();
  for (const { name, size } of records.values()) {
    if (isStored(name)) stored.set(name, { bytes: size, read: () => read(name) });
    else entries.set(name, await read(name));
  }
  return { manifest, entries, stored, file };
}

async function attempt<T>(file: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw refusal(error, file);
  }
}

function refuseSize(reason: string, file: string): HepcError {
  return new HepcError([unreadableHep({ reason }, { file })]);
}

/** Writes an archive of any size. The manifest comes last, since it has the digests of all other entries. */
export class ArchiveWriter {
  private readonly zip: ZipWriter;
  private readonly listed: ManifestText['entries'] = [];

  /** @param zip64From see `ZipWriter`. */
  constructor(append: Append, zip64From?: number) {
    this.zip = new ZipWriter(append, zip64From);
  }

  async add({ name, bytes }: ZipEntry): Promise<void> {
    const own =
      bytes.buffer instanceof ArrayBuffer
        ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
        : bytes.slice();
    this.listed.push({ name, sha256: await sha256HexOf(own) });
    await this.zip.add(name, bytes);
  }

  /** Writes manifest and directory. The bytes of the whole archive. */
  async finish(manifest: Omit<ManifestText, 'entries'>): Promise<number> {
    await this.zip.add(manifestName, encodeManifest({ ...manifest, entries: this.listed }));
    return this.zip.finish();
  }
}
