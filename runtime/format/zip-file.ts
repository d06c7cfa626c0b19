/**
 * ZIP archives that stay where they are: the directory is read and checked at once, entries when they are asked for.
 * Stored entries only. Checksums are not compared, since whoever reads compares a digest.
 */
import { type RandomAccess, readExactly } from './random-access.ts';
import { dataStart, type EntryRecord, findDirectory, hasZipMagic, readDirectory, tailBytes } from './zip-directory.ts';
import { ZipError, type ZipLimits } from './zip-format.ts';

export class ZipFile {
  /** By name, in the order of the directory. */
  readonly entries: ReadonlyMap<string, EntryRecord>;
  private readonly source: RandomAccess;

  /** Rejects with `ZipError` where `source` is no sound archive of stored entries within `limits`. */
  static async open(source: RandomAccess, limits: Omit<ZipLimits, 'allowDeflate'>): Promise<ZipFile> {
    if (!hasZipMagic(await source.read(0, 4))) throw new ZipError('not-zip', 'it is not a zip archive');
    const all = { ...limits, allowDeflate: false };
    const start = Math.max(0, source.size - tailBytes);
    const place = findDirectory(await readWhole(source, start, source.size - start), source.size, all);
    const directory = await readWhole(source, place.start, place.end - place.start);
    return new ZipFile(source, readDirectory(directory, place, all));
  }

  private constructor(source: RandomAccess, records: readonly EntryRecord[]) {
    this.source = source;
    this.entries = new Map(records.map((record) => [record.name, record]));
  }

  /** The bytes of an entry, where they are. Rejects with `ZipError` where it is not what the directory says. */
  async access(name: string): Promise<RandomAccess> {
    const record = this.entries.get(name);
    if (record === undefined) throw new ZipError('damaged', 'it is missing', name);
    const header = await readWhole(this.source, record.headerStart, record.headerBytes, name);
    const start = dataStart(header, record);
    const size = record.storedSize;
    return {
      size,
      read: (offset, length) => this.source.read(start + offset, Math.max(0, Math.min(length, size - offset))),
    };
  }

  /** The bytes of an entry, which the caller owns. Rejects with `ZipError` where it is not what the directory says. */
  async read(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const content = await this.access(name);
    return readWhole(content, 0, content.size, name);
  }
}

async function readWhole(
  source: RandomAccess,
  offset: number,
  length: number,
  entry?: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readExactly(source, offset, length);
  if (bytes !== undefined) return bytes;
  throw new ZipError('damaged', 'the file has become shorter while it was read', entry);
}
