/**
 * Writes a ZIP archive of any size entry by entry: stored, deterministic, with zip64 records exactly where the numbers
 * ask for them. Nothing that has been written is touched again, so a pipe will do.
 */
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { crc32 } from './crc32.ts';
import { full16, full32, nameProblem, recordBytes, signatures, storedMethod, zip64Extra } from './zip-format.ts';

/** Takes the next bytes of a file. They may be changed again once the promise is settled. */
export type Append = (bytes: Uint8Array) => Promise<void>;

interface Written {
  readonly name: Uint8Array;
  readonly crc: number;
  readonly size: number;
  readonly headerStart: number;
}

/** 1 January 1980, midnight, in the format of MS-DOS: as `writeZip` has it. */
const date = 0x21;
const utf8Flag = 0x800;
const version = 20;
const zip64Version = 45;

export class ZipWriter {
  private readonly append: Append;
  private readonly zip64From: number;
  private readonly names = new Set<string>();
  private readonly written: Written[] = [];
  private position = 0;

  /** @param zip64From the least number that is taken not to fit into 32 bits, or into 16 for the number of entries. */
  constructor(append: Append, zip64From: number = full32) {
    this.append = append;
    this.zip64From = zip64From;
  }

  /** Writes an entry. Names are distinct, well-formed paths. */
  async add(name: string, bytes: Uint8Array): Promise<void> {
    const problem = nameProblem(name, false);
    if (problem !== undefined) throw new InternalError(`zip entry ${JSON.stringify(name)} ${problem}`);
    if (this.names.has(name)) throw new InternalError(`zip entry ${JSON.stringify(name)} is written twice`);
    if (bytes.length >= full32) throw new InternalError(`zip entry ${name} has ${bytes.length} bytes`);
    this.names.add(name);
    const entry = {
      name: new TextEncoder().encode(name),
      crc: crc32(bytes),
      size: bytes.length,
      headerStart: this.position,
    };
    this.written.push(entry);
    const header = new Fields(recordBytes.local).u32(signatures.local);
    await this.put(concatenate([describe(header, version, entry).u16(0).bytes, entry.name]));
    await this.put(bytes);
  }

  /** Writes the directory. The bytes of the whole archive. */
  async finish(): Promise<number> {
    const start = this.position;
    const directory: Uint8Array[] = [];
    for (const entry of this.written) {
      const long = entry.headerStart >= this.zip64From;
      const header = new Fields(recordBytes.central).u32(signatures.central).u16(long ? zip64Version : version);
      describe(header, long ? zip64Version : version, entry).u16(long ? 12 : 0);
      // No comment, disk 0, no attributes.
      header.u16(0).u16(0).u16(0).u32(0);
      header.u32(long ? full32 : entry.headerStart);
      directory.push(header.bytes, entry.name);
      if (long) directory.push(new Fields(12).u16(zip64Extra).u16(8).u64(entry.headerStart).bytes);
    }
    await this.put(concatenate(directory));
    await this.end(start);
    return this.position;
  }

  private async end(start: number): Promise<void> {
    const entries = this.written.length;
    const size = this.position - start;
    const limit16 = Math.min(this.zip64From, full16);
    if (entries >= limit16 || size >= this.zip64From || start >= this.zip64From) {
      const record = this.position;
      const end = new Fields(recordBytes.zip64End).u32(signatures.zip64End).u64(recordBytes.zip64End - 12);
      end.u16(zip64Version).u16(zip64Version).u32(0).u32(0);
      await this.put(end.u64(entries).u64(entries).u64(size).u64(start).bytes);
      const locator = new Fields(recordBytes.zip64Locator).u32(signatures.zip64Locator);
      await this.put(locator.u32(0).u64(record).u32(1).bytes);
    }
    const short = entries >= limit16 ? full16 : entries;
    const end = new Fields(recordBytes.end).u32(signatures.end).u16(0).u16(0).u16(short).u16(short);
    end.u32(size >= this.zip64From ? full32 : size).u32(start >= this.zip64From ? full32 : start);
    await this.put(end.u16(0).bytes);
  }

  private async put(bytes: Uint8Array): Promise<void> {
    await this.append(bytes);
    this.position += bytes.length;
  }
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The fields that the header of an entry and its record in the directory share. */
function describe(record: Fields, needed: number, { name, crc, size }: Written): Fields {
  const flags = name.some((byte) => byte >= 0x80) ? utf8Flag : 0;
  record.u16(needed).u16(flags).u16(storedMethod).u16(0).u16(date);
  return record.u32(crc).u32(size).u32(size).u16(name.length);
}

/** Little-endian fields one after another. */
class Fields {
  readonly bytes: Uint8Array;
  private readonly view: DataView;
  private at = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
  }

  u16(value: number): this {
    this.view.setUint16(this.at, value, true);
    this.at += 2;
    return this;
  }

  u32(value: number): this {
    this.view.setUint32(this.at, value, true);
    this.at += 4;
    return this;
  }

  u64(value: number): this {
    this.view.setBigUint64(this.at, BigInt(value), true);
    this.at += 8;
    return this;
  }
}
