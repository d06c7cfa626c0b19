/**
 * The directory of a ZIP archive, read from bytes that nobody vouches for. Everything that an archive claims goes by its
 * directory, whose every offset and size is checked against the file and the limits before anything is allocated:
 * entries lie before the directory and do not overlap. Encrypted and split archives are refused, and so is zip64 unless
 * the limits allow it.
 */
import {
  decodeName,
  deflatedMethod,
  full16,
  full32,
  nameProblem,
  recordBytes,
  signatures,
  storedMethod,
  zip64Extra,
  ZipError,
  type ZipLimits,
} from './zip-format.ts';

/** Where the directory is in the archive, and how many entries it says that it has. */
export interface DirectoryPlace {
  readonly entries: number;
  readonly start: number;
  readonly end: number;
}

/** What the directory says of an entry. */
export interface EntryRecord {
  readonly name: string;
  readonly deflated: boolean;
  readonly crc: number;
  /** Uncompressed, and as it stands in the archive. */
  readonly size: number;
  readonly storedSize: number;
  readonly headerStart: number;
  /** Of its own header: the fixed part and the name. */
  readonly headerBytes: number;
  /** Where the next entry begins, or the directory: it ends there at the latest. */
  readonly limit: number;
}

/** So many bytes at the end of an archive hold all that `findDirectory` looks at. */
export const tailBytes = full16 + recordBytes.end + recordBytes.zip64Locator + recordBytes.zip64End;

/** A directory of more is no archive of ours. */
const maxDirectoryBytes = 2 ** 28;
const encryptedFlag = 1;

/** Whether `bytes` begin as archives do: with an entry, or with the end of an empty one. */
export function hasZipMagic(bytes: Uint8Array): boolean {
  const [p, k, a, b] = bytes;
  return p === 0x50 && k === 0x4b && ((a === 3 && b === 4) || (a === 5 && b === 6));
}

/** @param tail the last `tailBytes` of an archive of `fileBytes`, or all of it. Throws `ZipError`. */
export function findDirectory(tail: Uint8Array, fileBytes: number, limits: ZipLimits): DirectoryPlace {
  const view = viewOf(tail);
  const base = fileBytes - tail.length;
  const last = tail.length - recordBytes.end;
  for (let at = last; at >= Math.max(0, last - full16); at--) {
    if (view.getUint32(at, true) !== signatures.end) continue;
    if (at + recordBytes.end + view.getUint16(at + 20, true) !== tail.length) continue;
    const place = readEnd(view, at, base, limits);
    if (place.entries > limits.maxEntries)
      throw new ZipError('too-many', `it has ${place.entries} entries, more than the limit of ${limits.maxEntries}`);
    if (place.end - place.start > maxDirectoryBytes)
      throw new ZipError('too-large', `its directory has more than ${maxDirectoryBytes} bytes`);
    return place;
  }
  throw new ZipError('damaged', 'it has no directory at its end, so it is probably cut short');
}

function readEnd(view: DataView, at: number, base: number, limits: ZipLimits): DirectoryPlace {
  const entries = view.getUint16(at + 10, true);
  const size = view.getUint32(at + 12, true);
  const start = view.getUint32(at + 16, true);
  if (entries === full16 || size === full32 || start === full32) {
    if (limits.allowZip64 !== true) throw new ZipError('unsupported', 'it is a zip64 archive');
    return readZip64End(view, at - recordBytes.zip64Locator, base, { entries, size, start });
  }
  if (view.getUint32(at + 4, true) !== 0 || view.getUint16(at + 8, true) !== entries)
    throw new ZipError('unsupported', 'it is one part of a split archive');
  if (start + size !== base + at) throw new ZipError('damaged', 'its directory is not where it should be');
  return { entries, start, end: base + at };
}

/** The end record of zip64, which stands just before its locator at `at`. */
function readZip64End(
  view: DataView,
  at: number,
  base: number,
  short: { readonly entries: number; readonly size: number; readonly start: number },
): DirectoryPlace {
  const record = at - recordBytes.zip64End;
  const present =
    record >= 0 &&
    view.getUint32(at, true) === signatures.zip64Locator &&
    readUint64(view, at + 8) === base + record &&
    view.getUint32(record, true) === signatures.zip64End &&
    readUint64(view, record + 4) === recordBytes.zip64End - 12;
  if (!present) throw new ZipError('damaged', 'its directory is not where it should be');
  const entries = readUint64(view, record + 32);
  const size = readUint64(view, record + 40);
  const start = readUint64(view, record + 48);
  const split = view.getUint32(record + 16, true) !== 0 || view.getUint32(record + 20, true) !== 0;
  if (split || readUint64(view, record + 24) !== entries || view.getUint32(at + 16, true) !== 1)
    throw new ZipError('unsupported', 'it is one part of a split archive');
  const agrees =
    (short.entries === full16 || short.entries === entries) &&
    (short.size === full32 || short.size === size) &&
    (short.start === full32 || short.start === start);
  if (!agrees || start + size !== base + record)
    throw new ZipError('damaged', 'its directory is not where it should be');
  return { entries, start, end: base + record };
}

/** The records in `bytes`, the directory at `place`, in its order. Throws `ZipError`. */
export function readDirectory(bytes: Uint8Array, place: DirectoryPlace, limits: ZipLimits): EntryRecord[] {
  const view = viewOf(bytes);
  const records: Claim[] = [];
  const names = new Set<string>();
  let total = 0;
  let at = 0;
  for (let i = 0; i < place.entries; i++) {
    const damaged = new ZipError('damaged', `its directory is damaged at entry ${i + 1} of ${place.entries}`);
    if (at + recordBytes.central > bytes.length || view.getUint32(at, true) !== signatures.central) throw damaged;
    const nameEnd = at + recordBytes.central + view.getUint16(at + 28, true);
    const extraEnd = nameEnd + view.getUint16(at + 30, true);
    const next = extraEnd + view.getUint16(at + 32, true);
    if (next > bytes.length) throw damaged;
    const name = decodeName(bytes.subarray(at + recordBytes.central, nameEnd));
    const problem = nameProblem(name, limits.allowAnyName ?? false);
    if (problem !== undefined) throw new ZipError('bad-name', `the entry name ${JSON.stringify(name)} ${problem}`);
    if (names.has(name)) throw new ZipError('duplicate-name', 'it occurs twice', name);
    names.add(name);

    const record = readRecord(view, at, name, { start: nameEnd, end: extraEnd }, limits);
    total += record.size;
    if (total > limits.maxTotalBytes)
      throw new ZipError('too-large', `with it, the contents exceed the limit of ${limits.maxTotalBytes} bytes`, name);
    records.push(record);
    at = next;
  }
  if (at !== bytes.length) throw new ZipError('damaged', 'its directory holds more than its entries');
  return withLimits(records, place.start);
}

type Claim = Omit<EntryRecord, 'limit'>;

function readRecord(
  view: DataView,
  at: number,
  name: string,
  extra: { readonly start: number; readonly end: number },
  limits: ZipLimits,
): Claim {
  const flags = view.getUint16(at + 8, true);
  const method = view.getUint16(at + 10, true);
  if ((flags & encryptedFlag) !== 0) throw new ZipError('unsupported', 'it is encrypted', name);
  if (method !== storedMethod && method !== deflatedMethod)
    throw new ZipError('unsupported', `it is compressed by the unknown method ${method}`, name);
  if (method === deflatedMethod && !limits.allowDeflate)
    throw new ZipError('compressed', 'it is compressed, where only stored entries are allowed', name);

  const short = [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)];
  const long = short.includes(full32);
  if (long && limits.allowZip64 !== true) throw new ZipError('unsupported', 'it is a zip64 entry', name);
  const [size, storedSize, headerStart] = long ? readZip64Extra(view, extra, short, name) : short;
  if (size === undefined || storedSize === undefined || headerStart === undefined)
    throw new ZipError('damaged', 'its zip64 field is cut short', name);
  if (method === storedMethod && storedSize !== size) throw new ZipError('damaged', 'its two sizes differ', name);
  return {
    name,
    deflated: method === deflatedMethod,
    crc: view.getUint32(at + 16, true),
    size,
    storedSize,
    headerStart,
    headerBytes: recordBytes.local + view.getUint16(at + 28, true),
  };
}

/** `short`, where each value that is full is the next of the values in the zip64 field; undefined where that ends. */
function readZip64Extra(
  view: DataView,
  { start, end }: { readonly start: number; readonly end: number },
  short: readonly number[],
  name: string,
): (number | undefined)[] {
  for (let at = start; at + 4 <= end;) {
    const next = at + 4 + view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === zip64Extra && next <= end) {
      let from = at + 4;
      return short.map((value) => {
        if (value !== full32) return value;
        from += 8;
        return from <= next ? readUint64(view, from - 8) : undefined;
      });
    }
    at = next;
  }
  throw new ZipError('damaged', 'its zip64 field is missing', name);
}

function withLimits(records: readonly Claim[], directoryStart: number): EntryRecord[] {
  const limits = new Map<Claim, number>();
  let limit = directoryStart;
  for (const record of records.toSorted((a, b) => b.headerStart - a.headerStart)) {
    if (record.headerStart + record.headerBytes + record.storedSize > directoryStart)
      throw new ZipError('damaged', 'it lies outside the archive', record.name);
    if (record.headerStart + record.headerBytes + record.storedSize > limit)
      throw new ZipError('damaged', 'it overlaps another entry', record.name);
    limits.set(record, limit);
    limit = record.headerStart;
  }
  return records.map((record) => ({ ...record, limit: limits.get(record) ?? directoryStart }));
}

/**
 * Where the data of an entry begin, by its own header: the first `headerBytes` of it. Throws `ZipError` where that does
 * not agree with the directory.
 */
export function dataStart(header: Uint8Array, record: EntryRecord): number {
  const { name, deflated, headerStart, headerBytes, storedSize, limit } = record;
  const view = viewOf(header);
  const agrees =
    header.length >= headerBytes &&
    view.getUint32(0, true) === signatures.local &&
    view.getUint16(8, true) === (deflated ? deflatedMethod : storedMethod) &&
    view.getUint16(26, true) === headerBytes - recordBytes.local &&
    decodeName(header.subarray(recordBytes.local, headerBytes)) === name;
  if (!agrees) throw new ZipError('damaged', 'its header does not agree with the directory', name);
  const start = headerStart + headerBytes + view.getUint16(28, true);
  if (start + storedSize > limit) throw new ZipError('damaged', 'it overlaps what follows it', name);
  return start;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Infinite beyond what a double holds exactly, which no offset or size in a file is. */
function readUint64(view: DataView, at: number): number {
  const value = view.getBigUint64(at, true);
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : Infinity;
}
