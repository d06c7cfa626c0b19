/**
 * ZIP containers (PKWARE APPNOTE.TXT) in memory: `.hep` plans and `.npz` arrays. Larger ones are written by `zip-writer.ts`
 * and read by `zip-file.ts`.
 *
 * Written: stored, not compressed, and deterministic; at most 65534 entries and 4 GiB. Read: stored or deflated, from
 * bytes that nobody vouches for.
 */
import { zipSync, type Zippable } from 'fflate';
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { crc32 } from './crc32.ts';
import { inflate, InflateError } from './inflate.ts';
import { dataStart, type EntryRecord, findDirectory, hasZipMagic, readDirectory, tailBytes } from './zip-directory.ts';
import { nameProblem, recordBytes, type ZipEntry, ZipError, type ZipLimits } from './zip-format.ts';

const maxArchiveBytes = 0xfffffffe;
const maxArchiveEntries = 0xfffe;

/**
 * An archive of `entries` in the given order: same entries, same bytes. Names must be distinct, well-formed paths, and
 * not bare integers (`fflate` keeps entries as properties of an object, which would move those to the front).
 */
export function writeZip(entries: readonly ZipEntry[], options: Pick<ZipLimits, 'allowAnyName'> = {}): Uint8Array {
  const files: Zippable = {};
  let total = 0;
  for (const { name, bytes } of entries) {
    const problem = nameProblem(name, options.allowAnyName ?? false);
    if (problem !== undefined) throw new InternalError(`zip entry ${JSON.stringify(name)} ${problem}`);
    if (Object.hasOwn(files, name)) throw new InternalError(`zip entry ${JSON.stringify(name)} is written twice`);
    if (/^\d+$/.test(name) || name === '__proto__') throw new InternalError(`zip entry cannot be called ${name}`);
    files[name] = [bytes, {}];
    total += bytes.length + 3 * 2 * name.length + recordBytes.local + recordBytes.central;
  }
  if (total > maxArchiveBytes || entries.length > maxArchiveEntries) {
    throw new InternalError(`a zip archive of ${entries.length} entries and ${total} bytes needs zip64`);
  }
  // Built from local time, as `fflate` reads it: the same date in every time zone.
  return zipSync(files, { level: 0, mtime: new Date(1980, 0, 1) });
}

/**
 * The entries of `archive` by name, in the order of its directory. Stored entries are views of `archive`.
 *
 * Throws ZipError when the bytes are not a sound archive within `limits`: see `ZipProblem`. Sizes and checksums of
 * all entries are verified, entries do not overlap, and names are distinct.
 */
export function readZip(archive: Uint8Array, limits: ZipLimits): Map<string, Uint8Array> {
  // Not a Buffer, even if `archive` is one: its `slice` shares memory, which would surprise the owner of an entry.
  const bytes = new Uint8Array(archive.buffer, archive.byteOffset, archive.byteLength);
  if (!hasZipMagic(bytes)) throw new ZipError('not-zip', 'it is not a zip archive');
  const place = findDirectory(bytes.subarray(Math.max(0, bytes.length - tailBytes)), bytes.length, limits);
  const records = readDirectory(bytes.subarray(place.start, place.end), place, limits);
  return new Map(records.map((record) => [record.name, readEntry(bytes, record)]));
}

function readEntry(bytes: Uint8Array, record: EntryRecord): Uint8Array {
  const { headerStart, headerBytes, storedSize } = record;
  const start = dataStart(bytes.subarray(headerStart, headerStart + headerBytes), record);
  const stored = bytes.subarray(start, start + storedSize);
  const content = record.deflated ? inflateEntry(stored, record) : stored;
  if (crc32(content) !== record.crc) throw new ZipError('damaged', 'its checksum does not match', record.name);
  return content;
}

function inflateEntry(stored: Uint8Array, record: EntryRecord): Uint8Array {
  try {
    return inflate(stored, record.size);
  } catch (error) {
    if (error instanceof InflateError) {
      throw new ZipError('damaged', `its compressed data are damaged: ${error.message}`, record.name);
    }
    throw error;
  }
}
