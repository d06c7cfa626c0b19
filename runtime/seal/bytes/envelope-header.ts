/**
 * The header of files of keys and ciphertexts:
 *
 *   "HEPC", u32 format version, u32 length of the header, header (JSON), the sections of each run, a trailer
 *
 * The header names the kind, the parameters and the key that the content belongs to, how many runs there are and the
 * size of each section of a run: all runs are alike, and everything is known before the first one is, so that a file
 * can be written and read run by run. The trailer has the SHA-256 of each run, and last the SHA-256 of all but the runs:
 * of what stands before them and of their digests. So nothing in a file can change without a digest that says so. The
 * digests find accidents, not attackers: what is inside is checked again by `inspect-bytes.ts`. Numbers are
 * little-endian.
 */
import { z } from 'zod';
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import {
  damagedFile,
  type NamedFile,
  notAnEnvelope,
  otherEncoding,
  otherKey,
  otherParameters,
  unknownEnvelopeVersion,
  wrongKindOfFile,
} from '../../../ir/diagnostics/runtime.ts';
import { kindOfBytes } from '../../../ir/files/kind-of-bytes.ts';
import { maxFileSamples, maxRunCiphertexts } from '../../../ir/plan/plan.ts';
import { maxRounds } from '../../../ir/plan/stages.ts';

const magic = new TextEncoder().encode('HEPC');
const envelopeVersion = 2;
/** Before the header. */
export const fixedBytes = magic.length + 8;
const maxHeaderBytes = 1 << 20;
export const digestBytes = 32;

export const kinds = {
  'secret-key': 'a secret key',
  'public-key': 'a public key',
  'evaluation-keys': 'evaluation keys',
  inputs: 'encrypted inputs',
  outputs: 'encrypted outputs',
  'refresh-request': 'values to be refreshed',
  'refresh-answer': 'refreshed values',
  'paused-evaluation': 'a paused evaluation',
} as const;
export type Kind = keyof typeof kinds;

/** Where it is known which file. */
const definite = {
  'secret-key': 'secret key',
  'public-key': 'public key',
  'evaluation-keys': 'evaluation keys',
  inputs: 'encrypted inputs',
  outputs: 'encrypted outputs',
  'refresh-request': 'values to be refreshed',
  'refresh-answer': 'refreshed values',
  'paused-evaluation': 'paused evaluation',
} as const satisfies Record<Kind, NamedFile>;

const digestSchema = z.string().regex(/^[0-9a-f]{64}$/);

const headerSchema = z.strictObject({
  kind: z.enum(Object.keys(kinds) as [Kind, ...Kind[]]),
  /** Digest of parameters and rotation steps. */
  parameters: digestSchema,
  /** Digest of the public key. */
  key: digestSchema,
  /** All but keys: digest of the client part. */
  encoding: digestSchema.optional(),
  /** All but keys: how many samples they hold. */
  samples: z.int().min(1).max(maxFileSamples).optional(),
  /**
   * Inputs and outputs of one run, the batch of which is shared with others: the place of the first sample. The inputs hold
   * zeros at all other places; without it, as encryption leaves it out, the samples have the run for themselves.
   */
  place: z.int().min(0).max(maxFileSamples).optional(),
  /** Of files around a refresh. */
  refresh: z
    .strictObject({
      /** Last digest of the file of encrypted inputs that is evaluated. */
      inputs: digestSchema,
      /** Of the round trip, from 0 on. */
      round: z.int().min(0).max(maxRounds),
      /** Of an answer, and what it resumes: digest of the request. */
      request: digestSchema.optional(),
    })
    .optional(),
  /** One for keys. */
  runs: z.int().min(1).max(maxFileSamples),
  /** Bytes of each section of a run. */
  sections: z.array(z.int().min(0)).max(maxRunCiphertexts),
});
export type EnvelopeHeader = z.output<typeof headerSchema>;

/** What an envelope must say; what is left out is not compared. */
export interface ExpectedEnvelope {
  readonly kind: Kind;
  readonly parameters?: string;
  readonly key?: string;
  readonly encoding?: string;
}

/** Bytes of the sections of one run. */
export function runBytes({ sections }: Pick<EnvelopeHeader, 'sections'>): number {
  return sections.reduce((sum, size) => sum + size, 0);
}

/** The bytes of a file up to its first run. */
export function encodeHead(header: EnvelopeHeader): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(fixedBytes + text.length);
  const view = new DataView(bytes.buffer);
  bytes.set(magic);
  view.setUint32(magic.length, envelopeVersion, true);
  view.setUint32(magic.length + 4, text.length, true);
  bytes.set(text, fixedBytes);
  return bytes;
}

/**
 * Where the header ends, by the first `fixedBytes` of a file of `total` bytes. Throws `HepcError` (H601, H602, H604);
 * `kind` is what was expected.
 */
export function headEnd(fixed: Uint8Array, total: number, kind: Kind): number {
  if (fixed.length < fixedBytes || magic.some((byte, i) => fixed[i] !== byte))
    throw new HepcError([notAnEnvelope({ expected: kinds[kind], got: kindOfBytes(fixed) })]);
  const view = new DataView(fixed.buffer, fixed.byteOffset, fixed.byteLength);
  const version = view.getUint32(magic.length, true);
  if (version !== envelopeVersion)
    throw new HepcError([unknownEnvelopeVersion({ got: version, known: envelopeVersion })]);
  const length = view.getUint32(magic.length + 4, true);
  if (length > maxHeaderBytes || fixedBytes + length > total) throw damaged(`its header should take ${length} bytes`);
  return fixedBytes + length;
}

/**
 * The header of a file of `total` bytes from its `head`, all before the first run. Throws `HepcError` (H603 to H607)
 * unless it is as expected and says of the whole file how long it is.
 */
export function readHeader(head: Uint8Array, total: number, expected: ExpectedEnvelope): EnvelopeHeader {
  const header = parseHeader(head);
  checkKind(header, expected);
  const content = header.runs * runBytes(header);
  const there = total - head.length - trailerBytes(header);
  if (content !== there) throw damaged(`its sections take ${content} bytes, but ${Math.max(0, there)} are there`);
  checkIdentity(header, expected);
  return header;
}

/** As `readHeader`, of a file that is still to come, and how many bytes it will have. */
export function announcedBy(
  head: Uint8Array,
  expected: ExpectedEnvelope,
): { readonly header: EnvelopeHeader; readonly bytes: number } {
  const header = parseHeader(head);
  checkKind(header, expected);
  checkIdentity(header, expected);
  return { header, bytes: head.length + header.runs * runBytes(header) + trailerBytes(header) };
}

function parseHeader(head: Uint8Array): EnvelopeHeader {
  const parsed = headerSchema.safeParse(parseJson(head.subarray(fixedBytes)));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw damaged(`its header is malformed${issue === undefined ? '' : `: ${issue.path.join('.')}: ${issue.message}`}`);
}

function checkKind(header: EnvelopeHeader, expected: ExpectedEnvelope): void {
  if (header.kind !== expected.kind)
    throw new HepcError([wrongKindOfFile({ expected: kinds[expected.kind], got: kinds[header.kind] })]);
}

function checkIdentity(header: EnvelopeHeader, expected: ExpectedEnvelope): void {
  const what = definite[header.kind];
  if (expected.parameters !== undefined && header.parameters !== expected.parameters)
    throw new HepcError([otherParameters({ what })]);
  if (expected.key !== undefined && header.key !== expected.key)
    throw new HepcError([otherKey({ what, got: header.key, expected: expected.key })]);
  if (expected.encoding !== undefined && header.encoding !== expected.encoding)
    throw new HepcError([otherEncoding({ what })]);
}

export function trailerBytes({ runs }: Pick<EnvelopeHeader, 'runs'>): number {
  return (runs + 1) * digestBytes;
}

/** The digest that a trailer has of run `run`. */
export function runDigest(trailer: Uint8Array, run: number): Uint8Array {
  return trailer.subarray(run * digestBytes, (run + 1) * digestBytes);
}

/** What the last digest of a trailer is of: the bytes before the first run, and the digests of the runs. */
export function boundBytes(head: Uint8Array, trailer: Uint8Array): Uint8Array<ArrayBuffer> {
  const digests = trailer.subarray(0, trailer.length - digestBytes);
  const bytes = new Uint8Array(head.length + digests.length);
  bytes.set(head);
  bytes.set(digests, head.length);
  return bytes;
}

/** Throws `HepcError` (H604) unless a trailer's `stated` digest of `part` is what was computed. */
export function compareDigests(stated: Uint8Array, computed: Uint8Array, part: string): void {
  if (stated.length === digestBytes && computed.every((byte, i) => byte === stated[i])) return;
  throw damaged(`the SHA-256 digest of ${part} is not the one that stands at its end`);
}

export function damaged(reason: string): HepcError {
  return new HepcError([damagedFile({ reason })]);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    // Anything that is no JSON fails the schema.
    return undefined;
  }
}
