/**
 * Files of encrypted inputs and outputs. A run takes up to `batch` samples; more are several runs, whose ciphertexts
 * stand one run after another. The number of samples is in the envelope, in the clear, and so is their place in a run
 * that others have a share of.
 */
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { malformedSealData, wrongCount } from '../../../ir/diagnostics/runtime.ts';
import { byCiphertext, type ClientPart } from '../../../ir/plan/plan.ts';
import type { RandomAccess } from '../../format/random-access.ts';
import type { Append } from '../../format/zip-writer.ts';
import { encodingDigest, parametersDigest } from './client-part-digest.ts';
import { openEnvelope, sealEnvelope } from './envelope.ts';
import {
  announcedBy,
  damaged,
  type EnvelopeHeader,
  type ExpectedEnvelope,
  fixedBytes,
  headEnd,
} from './envelope-header.ts';
import { EnvelopeReader, EnvelopeWriter } from './envelope-stream.ts';
import { type ExpectedCiphertext, inspectCiphertext } from './inspect-bytes.ts';
import { savedCiphertextBytes, savedSeededBytes } from './saved-format.ts';

export interface CiphertextFile {
  readonly keyId: string;
  readonly samples: number;
  /** Of the first sample in the one run of a file that leaves the other places to others. */
  readonly place?: number | undefined;
  /** Saved SEAL ciphertexts of each run. */
  readonly runs: readonly (readonly Uint8Array[])[];
}

type Direction = 'inputs' | 'outputs';

/** What the ciphertexts of a run must be, in order. */
function expectedCiphertexts(part: ClientPart, kind: Direction): ExpectedCiphertext[] {
  return byCiphertext<ClientPart[Direction][number]>(part[kind]).flatMap(({ used, level, scale }) =>
    used.filter((isUsed) => isUsed).map(() => ({ level, scale, seeded: kind === 'inputs' })),
  );
}

export function writeCiphertexts(
  kind: Direction,
  part: ClientPart,
  { keyId, samples, place, runs }: CiphertextFile,
): Uint8Array {
  return sealEnvelope({ ...identity(kind, part), key: keyId, samples, ...placeField(place), runs });
}

/** Opens a file and checks every ciphertext in it. Throws `HepcError`. */
export function readCiphertexts(bytes: Uint8Array, kind: Direction, part: ClientPart, keyId: string): CiphertextFile {
  const { runs, ...header } = openEnvelope(bytes, expectedEnvelope(kind, part, keyId));
  const [first = []] = runs;
  const samples = checkCounts(
    { ...header, runs: runs.length, sections: first.map(({ length }) => length) },
    kind,
    part,
  );
  for (const [run, sections] of runs.entries()) checkRun(sections, run, kind, part);
  return { keyId, samples, place: header.place, runs };
}

/** Writes a file run by run, as `writeCiphertexts` would. */
export class CiphertextWriter {
  private readonly envelope: EnvelopeWriter;

  constructor(
    kind: Direction,
    part: ClientPart,
    { keyId, samples, place }: Omit<CiphertextFile, 'runs'>,
    append: Append,
  ) {
    const sections = sectionBytes(kind, part);
    const counts = { samples, ...placeField(place), runs: Math.ceil(samples / part.batch) };
    this.envelope = new EnvelopeWriter({ ...identity(kind, part), key: keyId, ...counts, sections }, append);
  }

  /** Writes the ciphertexts of the next run. */
  add(run: readonly Uint8Array[]): Promise<void> {
    return this.envelope.add(run);
  }

  /** Call after the last run. The bytes of the whole file. */
  finish(): Promise<number> {
    return this.envelope.finish();
  }
}

/** Bytes that tell where the header ends, at most; fewer do not. */
export const announcingBytes = fixedBytes;

/** How many bytes a file of encrypted inputs has before its first run, by its first `announcingBytes`. Throws `HepcError`. */
export function announcementEnd(first: Uint8Array): number {
  return headEnd(first, Infinity, 'inputs');
}

/**
 * What a file of encrypted inputs will be, by all that stands before its first run (`announcementEnd`). Throws `HepcError`
 * for what is not for the plan and of the key. The sizes of its ciphertexts are the plan's.
 */
export function announcedInputs(
  head: Uint8Array,
  part: ClientPart,
  keyId: string,
): { readonly samples: number; readonly place?: number | undefined; readonly runs: number; readonly bytes: number } {
  const { header, bytes } = announcedBy(head, expectedEnvelope('inputs', part, keyId));
  const samples = checkCounts(header, 'inputs', part);
  for (const [i, size] of sectionBytes('inputs', part).entries())
    if (header.sections[i] !== size) {
      const what = `ciphertext ${i} of the inputs`;
      const reason = `it has ${header.sections[i] ?? 0} bytes; with the parameters of the plan it takes ${size}`;
      throw new HepcError([malformedSealData({ what, reason })]);
    }
  return { samples, place: header.place, runs: header.runs, bytes };
}

/** Bytes of each ciphertext of a run. */
function sectionBytes(kind: Direction, part: ClientPart): number[] {
  const { polyModulusDegree: degree } = part.parameters;
  return expectedCiphertexts(part, kind).map(({ level, seeded }) =>
    seeded ? savedSeededBytes(degree, level + 1) : savedCiphertextBytes(degree, level + 1, 2),
  );
}

/** Reads a file run by run. */
export class CiphertextReader {
  readonly samples: number;
  readonly place: number | undefined;
  readonly runs: number;
  private readonly envelope: EnvelopeReader;
  private readonly kind: Direction;
  private readonly part: ClientPart;

  /** Reads all but the ciphertexts. Rejects with `HepcError`, as `readCiphertexts` throws. */
  static async open(source: RandomAccess, kind: Direction, part: ClientPart, keyId: string): Promise<CiphertextReader> {
    const envelope = await EnvelopeReader.open(source, expectedEnvelope(kind, part, keyId));
    return new CiphertextReader(envelope, kind, part, checkCounts(envelope.header, kind, part));
  }

  private constructor(envelope: EnvelopeReader, kind: Direction, part: ClientPart, samples: number) {
    this.envelope = envelope;
    this.kind = kind;
    this.part = part;
    this.samples = samples;
    this.place = envelope.header.place;
    this.runs = envelope.header.runs;
  }

  /** The ciphertexts of a run, checked. Rejects with `HepcError`. */
  async read(run: number): Promise<Uint8Array[]> {
    const sections = await this.envelope.read(run);
    checkRun(sections, run, this.kind, this.part);
    return sections;
  }

  /** Checks runs before any of them is used. Rejects with `HepcError`, and with the reason of `signal`. */
  async check({ first, end } = { first: 0, end: this.runs }, signal?: AbortSignal): Promise<void> {
    for (let run = first; run < end; run++) {
      signal?.throwIfAborted();
      await this.read(run);
    }
  }
}

/** Digests of index tables, which a server would compute for each file. */
const identities = new WeakMap<ClientPart, { readonly parameters: string; readonly encoding: string }>();

function identity(kind: Direction, part: ClientPart) {
  const own = identities.get(part) ?? { parameters: parametersDigest(part), encoding: encodingDigest(part) };
  identities.set(part, own);
  return { kind, ...own };
}

function expectedEnvelope(kind: Direction, part: ClientPart, keyId: string): ExpectedEnvelope {
  return { ...identity(kind, part), key: keyId };
}

/** Absent where it is undefined, so that a file without a place has the bytes that it had before there were any. */
function placeField(place: number | undefined): { readonly place?: number } {
  return place === undefined ? {} : { place };
}

/** The number of samples, once it is known to go with their place and the numbers of runs and ciphertexts. */
function checkCounts({ samples, place, runs, sections }: EnvelopeHeader, kind: Direction, part: ClientPart): number {
  if (samples === undefined) throw damaged('it does not say how many samples it holds');
  if (place !== undefined && place + samples > part.batch)
    throw damaged(`from place ${place} on, a run of ${part.batch} samples has no room for ${samples}`);
  const expected = expectedCiphertexts(part, kind).length;
  const wanted = Math.ceil(samples / part.batch);
  if (runs !== wanted || sections.length !== expected) {
    const what = `ciphertexts for ${samples} samples`;
    throw new HepcError([wrongCount({ what, expected: wanted * expected, got: runs * sections.length })]);
  }
  return samples;
}

function checkRun(sections: readonly Uint8Array[], run: number, kind: Direction, part: ClientPart): void {
  const problems = expectedCiphertexts(part, kind).flatMap((expected, i, { length }) => {
    const what = `ciphertext ${run * length + i} of the ${kind}`;
    return inspectCiphertext(sections[i] ?? new Uint8Array(), part.parameters, expected, what);
  });
  if (problems.length > 0) throw new HepcError(problems.slice(0, maxReports));
}

const maxReports = 8;
