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

/** A file that is still to be filled. */
export interface LaidOutEnvelope {
  /** Its sections, views of its bytes. */
  readonly runs: readonly (readonly Uint8Array[])[];
  /** The file, once they are filled. */
  seal(): Uint8Array;
}

export function layOutEnvelope(header: EnvelopeHeader): LaidOutEnvelope {
  const head = encodeHead(header);
  const size = runBytes(header);
  const end = head.length + header.runs * size;
  const bytes = new Uint8Array(end + trailerBytes(header));
  const trailer = bytes.subarray(end);
  bytes.set(head);
  const contents = Array.from({ length: header.runs }, (_, run) =>
    bytes.subarray(head.length + run * size, head.length + (run + 1) * size),
  );
  return {
    runs: contents.map((content) => sectionsOf(content, header.sections)),
    seal: () => {
      for (const [run, content] of contents.entries()) trailer.set(sha256(content), run * digestBytes);
      trailer.set(sha256(boundBytes(head, trailer)), trailer.length - digestBytes);
      return bytes;
    },
  };
}

export function sealEnvelope({ runs, ...rest }: Envelope): Uint8Array {
  const sizes = (runs[0] ?? []).map(({ length }) => length);
  const file = layOutEnvelope({ ...rest, runs: runs.length, sections: sizes });
  for (const [run, sections] of runs.entries()) {
    if (sections.length !== sizes.length || sections.some(({ length }, i) => length !== sizes[i]))
      throw new InternalError(`run ${run} of an envelope has other sizes than the first`);
    for (const [i, section] of sections.entries()) file.runs[run]?.[i]?.set(section);
  }
  return file.seal();
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
