/** Files of keys and ciphertexts, in memory. Their form is that of `envelope-header.ts`. */
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { sha256 } from '../../../ir/digest.ts';
import { plainBytes } from '../../base/own-bytes.ts';
import {
  boundBytes,
  compareDigests,
  digestBytes,
  encodeHead,
  type EnvelopeHeader,
  type ExpectedEnvelope,
  headEnd,
  kinds,
  readHeader,
  runBytes,
  runDigest,
  trailerBytes,
} from './envelope-header.ts';

export interface Envelope extends Omit<EnvelopeHeader, 'runs' | 'sections'> {
  /** The sections of each run, which all have the same sizes; at least one run. */
  readonly runs: readonly (readonly Uint8Array[])[];
}

export function sealEnvelope({ runs, ...rest }: Envelope): Uint8Array {
  const [first = []] = runs;
  const header = { ...rest, runs: runs.length, sections: first.map(({ length }) => length) };
  const head = encodeHead(header);
  const size = runBytes(header);
  const end = head.length + runs.length * size;
  const bytes = new Uint8Array(end + trailerBytes(header));
  const trailer = bytes.subarray(end);
  bytes.set(head);
  let at = head.length;
  for (const [run, sections] of runs.entries()) {
    const start = at;
    for (const section of sections) {
      bytes.set(section, at);
      at += section.length;
    }
    if (at - start !== size) throw new InternalError(`run ${run} of an envelope has other sizes than the first`);
    trailer.set(sha256(bytes.subarray(start, at)), run * digestBytes);
  }
  trailer.set(sha256(boundBytes(head, trailer)), trailer.length - digestBytes);
  return bytes;
}

/** The sections are views of the bytes. Throws `HepcError` (H601–H607) unless all is as stated and as expected. */
export function openEnvelope(given: Uint8Array, expected: ExpectedEnvelope): Envelope {
  const bytes = plainBytes(given, kinds[expected.kind]);
  const head = bytes.subarray(0, headEnd(bytes, bytes.length, expected.kind));
  const { runs: count, sections: sizes, ...rest } = readHeader(head, bytes.length, expected);
  const size = runBytes({ sections: sizes });
  const trailer = bytes.subarray(head.length + count * size);
  compareDigests(trailer.subarray(count * digestBytes), sha256(boundBytes(head, trailer)), 'its header');
  const runs = Array.from({ length: count }, (_, run) => {
    const start = head.length + run * size;
    const content = bytes.subarray(start, start + size);
    compareDigests(runDigest(trailer, run), sha256(content), 'its content');
    return sectionsOf(content, sizes);
  });
  return { ...rest, runs };
}

/** Views of the sections of a run. */
export function sectionsOf(content: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  let at = 0;
  return sizes.map((size) => content.subarray(at, (at += size)));
}
