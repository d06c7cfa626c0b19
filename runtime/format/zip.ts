/**
 * ZIP containers (PKWARE APPNOTE.TXT) in memory: `.hep` plans and `.npz` arrays.
 *
 * Written: stored, not compressed, and deterministic. Read: stored or deflated, from bytes that nobody vouches for.
 * Reading goes by the central directory, whose every size is checked against the limits and the file before anything
 * is allocated. Zip64, encrypted and split archives are refused; so an archive has at most 65534 entries and 4 GiB.
 */
import { zipSync, type Zippable } from 'fflate';
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { crc32 } from './crc32.ts';
import { inflate, InflateError } from './inflate.ts';

export interface ZipEntry {
  /** Relative path with `/` between its parts. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface ZipLimits {
  readonly maxEntries: number;
  /** On the sum of the uncompressed sizes. */
  readonly maxTotalBytes: number;
  readonly allowDeflate: boolean;
  /**
   * Take names for mere keys, which may look like `/a`, `../a` or `a\b`. Only for archives that are never unpacked
   * to a file system. Default false.
   */
  readonly allowAnyName?: boolean;
}

export type ZipProblem =
  'not-zip' | 'damaged' | 'unsupported' | 'bad-name' | 'duplicate-name' | 'compressed' | 'too-many' | 'too-large';

/** Why bytes are not an acceptable archive. The message is a clause without a full stop, for use in a diagnostic. */
export class ZipError extends Error {
  readonly problem: ZipProblem;
  /** The entry concerned, where it is one. */
  readonly entry: string | undefined;

  constructor(problem: ZipProblem, message: string, entry?: string) {
    super(message);
    this.name = 'ZipError';
    this.problem = problem;
    this.entry = entry;
  }
}

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
    total += bytes.length + 3 * 2 * name.length + localHeaderBytes + centralHeaderBytes;
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
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const directory = findDirectory(bytes, view, limits);
  const records = readDirectory(bytes, view, directory, limits);
  let previousEnd = 0;
  for (const record of records.toSorted((a, b) => a.headerStart - b.headerStart)) {
    if (record.headerStart < previousEnd) throw new ZipError('damaged', 'it overlaps another entry', record.name);
    previousEnd = record.dataEnd;
  }
  return new Map(records.map((record) => [record.name, readEntry(bytes, record)]));
}

/** Whether `bytes` begin as archives do: with an entry, or with the end of an empty one. */
export function hasZipMagic(bytes: Uint8Array): boolean {
  const [p, k, a, b] = bytes;
  return p === 0x50 && k === 0x4b && ((a === 3 && b === 4) || (a === 5 && b === 6));
}

const localHeaderBytes = 30;
const centralHeaderBytes = 46;
const endRecordBytes = 22;
const maxCommentBytes = 0xffff;
const maxArchiveBytes = 0xfffffffe;
const maxArchiveEntries = 0xfffe;

const localSignature = 0x04034b50;
const centralSignature = 0x02014b50;
const endSignature = 0x06054b50;

const encryptedFlag = 1;
const storedMethod = 0;
const deflatedMethod = 8;

interface Directory {
  readonly entries: number;
  readonly start: number;
  readonly end: number;
}

/** What the directory says of an entry, once it has been found to agree with the entry's own header. */
interface EntryRecord {
  readonly name: string;
  readonly deflated: boolean;
  readonly crc: number;
  readonly size: number;
  readonly headerStart: number;
  readonly dataStart: number;
  readonly dataEnd: number;
}

function findDirectory(bytes: Uint8Array, view: DataView, limits: ZipLimits): Directory {
  if (!hasZipMagic(bytes)) {
    throw new ZipError('not-zip', 'it is not a zip archive');
  }
  const last = view.byteLength - endRecordBytes;
  const first = Math.max(0, last - maxCommentBytes);
  for (let at = last; at >= first; at--) {
    if (view.getUint32(at, true) !== endSignature) continue;
    if (at + endRecordBytes + view.getUint16(at + 20, true) !== view.byteLength) continue;
    const entries = view.getUint16(at + 10, true);
    const size = view.getUint32(at + 12, true);
    const start = view.getUint32(at + 16, true);
    if (entries > maxArchiveEntries || size > maxArchiveBytes || start > maxArchiveBytes) {
      throw new ZipError('unsupported', 'it is a zip64 archive');
    }
    if (view.getUint32(at + 4, true) !== 0 || view.getUint16(at + 8, true) !== entries) {
      throw new ZipError('unsupported', 'it is one part of a split archive');
    }
    if (entries > limits.maxEntries) {
      throw new ZipError('too-many', `it has ${entries} entries, more than the limit of ${limits.maxEntries}`);
    }
    if (start + size !== at) throw new ZipError('damaged', 'its directory is not where it should be');
    return { entries, start, end: at };
  }
  throw new ZipError('damaged', 'it has no directory at its end, so it is probably cut short');
}

function readDirectory(bytes: Uint8Array, view: DataView, directory: Directory, limits: ZipLimits): EntryRecord[] {
  const records: EntryRecord[] = [];
  const names = new Set<string>();
  let total = 0;
  let at = directory.start;
  for (let i = 0; i < directory.entries; i++) {
    if (at + centralHeaderBytes > directory.end || view.getUint32(at, true) !== centralSignature) {
      throw new ZipError('damaged', `its directory is damaged at entry ${i + 1} of ${directory.entries}`);
    }
    const nameLength = view.getUint16(at + 28, true);
    const next = at + centralHeaderBytes + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (next > directory.end) {
      throw new ZipError('damaged', `its directory is damaged at entry ${i + 1} of ${directory.entries}`);
    }
    const name = decodeName(bytes.subarray(at + centralHeaderBytes, at + centralHeaderBytes + nameLength));
    const problem = nameProblem(name, limits.allowAnyName ?? false);
    if (problem !== undefined) throw new ZipError('bad-name', `the entry name ${JSON.stringify(name)} ${problem}`);
    if (names.has(name)) throw new ZipError('duplicate-name', 'it occurs twice', name);
    names.add(name);

    const record = readRecord(bytes, view, at, name, directory);
    if (record.deflated && !limits.allowDeflate) {
      throw new ZipError('compressed', 'it is compressed, where only stored entries are allowed', name);
    }
    total += record.size;
    if (total > limits.maxTotalBytes) {
      throw new ZipError('too-large', `with it, the contents exceed the limit of ${limits.maxTotalBytes} bytes`, name);
    }
    records.push(record);
    at = next;
  }
  if (at !== directory.end) throw new ZipError('damaged', 'its directory holds more than its entries');
  return records;
}

/** The record at `at` of the directory, checked against the local header that it points to. */
function readRecord(bytes: Uint8Array, view: DataView, at: number, name: string, directory: Directory): EntryRecord {
  const flags = view.getUint16(at + 8, true);
  const method = view.getUint16(at + 10, true);
  const crc = view.getUint32(at + 16, true);
  const storedSize = view.getUint32(at + 20, true);
  const size = view.getUint32(at + 24, true);
  const nameLength = view.getUint16(at + 28, true);
  const headerStart = view.getUint32(at + 42, true);

  if ((flags & encryptedFlag) !== 0) throw new ZipError('unsupported', 'it is encrypted', name);
  if (method !== storedMethod && method !== deflatedMethod) {
    throw new ZipError('unsupported', `it is compressed by the unknown method ${method}`, name);
  }
  if ([storedSize, size, headerStart].some((value) => value > maxArchiveBytes)) {
    throw new ZipError('unsupported', 'it is a zip64 entry', name);
  }
  if (method === storedMethod && storedSize !== size) throw new ZipError('damaged', 'its two sizes differ', name);

  if (headerStart + localHeaderBytes + nameLength > directory.start) {
    throw new ZipError('damaged', 'it lies outside the archive', name);
  }
  const localName = headerStart + localHeaderBytes;
  const agrees =
    view.getUint32(headerStart, true) === localSignature &&
    view.getUint16(headerStart + 8, true) === method &&
    view.getUint16(headerStart + 26, true) === nameLength &&
    decodeName(bytes.subarray(localName, localName + nameLength)) === name;
  if (!agrees) throw new ZipError('damaged', 'its header does not agree with the directory', name);
  const dataStart = localName + nameLength + view.getUint16(headerStart + 28, true);
  const dataEnd = dataStart + storedSize;
  if (dataEnd > directory.start) throw new ZipError('damaged', 'it lies outside the archive', name);
  return { name, deflated: method === deflatedMethod, crc, size, headerStart, dataStart, dataEnd };
}

function readEntry(bytes: Uint8Array, record: EntryRecord): Uint8Array {
  const stored = bytes.subarray(record.dataStart, record.dataEnd);
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

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeName(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new ZipError('bad-name', 'the name of an entry is not UTF-8');
  }
}

/** What is wrong with `name`, as the end of a sentence that it begins; undefined if nothing is. */
function nameProblem(name: string, allowAnyName: boolean): string | undefined {
  if (name === '') return 'is empty';
  if (name.includes('\0')) return 'contains a NUL character';
  if (!name.isWellFormed()) return 'is not valid Unicode';
  if (new TextEncoder().encode(name).length > 0xffff) return 'is too long';
  if (allowAnyName) return undefined;
  if (name.includes('\\')) return 'contains a backslash';
  if (name.startsWith('/') || /^[A-Za-z]:/.test(name)) return 'is an absolute path';
  if (name.split('/').some((part) => part === '..' || part === '.')) return 'is not a plain path';
  return undefined;
}
