/**
 * Files of keys and ciphertexts that may be larger than memory, written and read run by run. Their form is that of
 * `envelope-header.ts`.
 */
import { tellingBytes } from '../../../ir/files/kind-of-bytes.ts';
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { sha256Of } from '../../../ir/digest.ts';
import { type RandomAccess, readExactly } from '../../format/random-access.ts';
import type { Append } from '../../format/zip-writer.ts';
import { sectionsOf } from './envelope.ts';
import {
  boundBytes,
  compareDigests,
  damaged,
  digestBytes,
  encodeHead,
  type EnvelopeHeader,
  type ExpectedEnvelope,
  headEnd,
  readHeader,
  runBytes,
  runDigest,
  trailerBytes,
} from './envelope-header.ts';

export class EnvelopeWriter {
  private readonly header: EnvelopeHeader;
  private readonly append: Append;
  private readonly head: Uint8Array;
  private readonly trailer: Uint8Array;
  private written = 0;

  constructor(header: EnvelopeHeader, append: Append) {
    this.header = header;
    this.append = append;
    this.head = encodeHead(header);
    this.trailer = new Uint8Array(trailerBytes(header));
  }

  /** Writes the sections of the next run. */
  async add(sections: readonly Uint8Array[]): Promise<void> {
    const { header, head, trailer } = this;
    if (sections.length !== header.sections.length || sections.some(({ length }, i) => length !== header.sections[i]))
      throw new InternalError(`run ${this.written} of an envelope has other sizes than its header says`);
    if (this.written === 0) await this.append(head);
    const content = new Uint8Array(runBytes(header));
    let at = 0;
    for (const section of sections) {
      content.set(section, at);
      at += section.length;
    }
    trailer.set(await sha256Of(content), this.written * digestBytes);
    this.written++;
    await this.append(content);
  }

  /** Writes the trailer. The bytes of the whole file. */
  async finish(): Promise<number> {
    const { header, head, trailer } = this;
    if (this.written !== header.runs) throw new InternalError(`${this.written} of ${header.runs} runs are written`);
    trailer.set(await sha256Of(boundBytes(head, trailer)), trailer.length - digestBytes);
    await this.append(trailer);
    return head.length + header.runs * runBytes(header) + trailer.length;
  }
}

export class EnvelopeReader {
  readonly header: EnvelopeHeader;
  private readonly source: RandomAccess;
  private readonly start: number;
  private readonly trailer: Uint8Array;

  /** Reads everything but the runs. Rejects with `HepcError` (H601–H607) unless it is as stated and as expected. */
  static async open(source: RandomAccess, expected: ExpectedEnvelope): Promise<EnvelopeReader> {
    const end = headEnd(await source.read(0, tellingBytes), source.size, expected.kind);
    const head = await readWhole(source, 0, end);
    const header = readHeader(head, source.size, expected);
    const trailer = await readWhole(source, end + header.runs * runBytes(header), trailerBytes(header));
    const bound = await sha256Of(boundBytes(head, trailer));
    compareDigests(trailer.subarray(header.runs * digestBytes), bound, 'its header');
    return new EnvelopeReader(source, header, end, trailer);
  }

  private constructor(source: RandomAccess, header: EnvelopeHeader, start: number, trailer: Uint8Array) {
    this.source = source;
    this.header = header;
    this.start = start;
    this.trailer = trailer;
  }

  /** The sections of a run. Rejects with `HepcError` (H604) where their digest is another. */
  async read(run: number): Promise<Uint8Array[]> {
    const size = runBytes(this.header);
    const content = await readWhole(this.source, this.start + run * size, size);
    compareDigests(runDigest(this.trailer, run), await sha256Of(content), 'its content');
    return sectionsOf(content, this.header.sections);
  }
}

async function readWhole(source: RandomAccess, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readExactly(source, offset, length);
  if (bytes === undefined) throw damaged('it has become shorter while it was read');
  return bytes;
}
