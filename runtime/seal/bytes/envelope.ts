/**
 * Files of keys and ciphertexts: an envelope around SEAL's bytes.
 *
 *   "HEPC", u32 format version, u32 length of the header, header (JSON), sections one after another
 *
 * The header names the kind, the parameters and the key that the content belongs to, the size of each section and a
 * SHA-256 digest of all sections together. The digest finds accidents, not attackers: what is inside is checked again
 * by `inspect-bytes.ts`. Numbers are little-endian.
 */
import { z } from 'zod';
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import {
  damagedFile,
  notAnEnvelope,
  otherEncoding,
  otherKey,
  otherParameters,
  unknownEnvelopeVersion,
  wrongKindOfFile,
} from '../../../ir/diagnostics/runtime.ts';
import { sha256Hex } from '../../../ir/digest.ts';

const magic = new TextEncoder().encode('HEPC');
const envelopeVersion = 1;
const fixedBytes = magic.length + 8;
const maxHeaderBytes = 1 << 20;
const maxSections = 1 << 16;

const kinds = {
  'secret-key': 'a secret key',
  'public-key': 'a public key',
  'evaluation-keys': 'evaluation keys',
  inputs: 'encrypted inputs',
  outputs: 'encrypted outputs',
} as const;
export type Kind = keyof typeof kinds;

const digestSchema = z.string().regex(/^[0-9a-f]{64}$/);

const headerSchema = z.strictObject({
  kind: z.enum(Object.keys(kinds) as [Kind, ...Kind[]]),
  /** Digest of parameters and rotation steps. */
  parameters: digestSchema,
  /** Digest of the public key. */
  key: digestSchema,
  /** Inputs and outputs: digest of the client part. */
  encoding: digestSchema.optional(),
  /** Inputs and outputs: how many samples they hold. */
  samples: z.int().min(1).max(maxSections).optional(),
  /** Bytes of each section. */
  sections: z.array(z.int().min(0)).max(maxSections),
  digest: digestSchema,
});
type Header = z.output<typeof headerSchema>;

export interface Envelope {
  readonly kind: Kind;
  readonly parameters: string;
  readonly key: string;
  readonly encoding?: string | undefined;
  readonly samples?: number | undefined;
  readonly sections: readonly Uint8Array[];
}

/** What an envelope must say; what is left out is not compared. */
export interface ExpectedEnvelope {
  readonly kind: Kind;
  readonly parameters: string;
  readonly key?: string;
  readonly encoding?: string;
}

export function sealEnvelope(envelope: Envelope): Uint8Array {
  const { sections, ...rest } = envelope;
  const payloadBytes = sections.reduce((sum, section) => sum + section.length, 0);
  // The digest has a fixed length, so the header can be measured before the payload is in place.
  const sizes = sections.map((section) => section.length);
  const draft: Header = { ...rest, sections: sizes, digest: '0'.repeat(64) };
  const headerBytes = encodeHeader(draft).length;
  const start = fixedBytes + headerBytes;
  const bytes = new Uint8Array(start + payloadBytes);
  const view = new DataView(bytes.buffer);
  bytes.set(magic);
  view.setUint32(magic.length, envelopeVersion, true);
  view.setUint32(magic.length + 4, headerBytes, true);
  let at = start;
  for (const section of sections) {
    bytes.set(section, at);
    at += section.length;
  }
  bytes.set(encodeHeader({ ...draft, digest: sha256Hex(bytes.subarray(start)) }), fixedBytes);
  return bytes;
}

/** The sections are views of `bytes`. Throws `HepcError` (H601–H607) unless all is as stated and as expected. */
export function openEnvelope(bytes: Uint8Array, expected: ExpectedEnvelope): Envelope {
  const { header, payload } = readHeader(bytes, kinds[expected.kind]);
  const what = kinds[header.kind];
  if (header.kind !== expected.kind)
    throw new HepcError([wrongKindOfFile({ expected: kinds[expected.kind], got: what })]);
  const total = header.sections.reduce((sum, size) => sum + size, 0);
  if (total !== payload.length)
    throw new HepcError([damagedFile({ reason: `its sections take ${total} bytes, but ${payload.length} are there` })]);
  if (header.parameters !== expected.parameters) throw new HepcError([otherParameters({ what })]);
  if (expected.key !== undefined && header.key !== expected.key)
    throw new HepcError([otherKey({ what, got: header.key, expected: expected.key })]);
  if (expected.encoding !== undefined && header.encoding !== expected.encoding)
    throw new HepcError([otherEncoding({ what })]);
  if (sha256Hex(payload) !== header.digest)
    throw new HepcError([damagedFile({ reason: 'the SHA-256 digest of its content is not the one in its header' })]);
  let at = 0;
  const sections = header.sections.map((size) => payload.subarray(at, (at += size)));
  const { kind, parameters, key, encoding, samples } = header;
  return { kind, parameters, key, encoding, samples, sections };
}

function readHeader(bytes: Uint8Array, expected: string): { header: Header; payload: Uint8Array } {
  if (bytes.length < fixedBytes || magic.some((byte, i) => bytes[i] !== byte))
    throw new HepcError([notAnEnvelope({ expected })]);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint32(magic.length, true);
  if (version !== envelopeVersion)
    throw new HepcError([unknownEnvelopeVersion({ got: version, known: envelopeVersion })]);
  const headerBytes = view.getUint32(magic.length + 4, true);
  if (headerBytes > maxHeaderBytes || fixedBytes + headerBytes > bytes.length)
    throw new HepcError([damagedFile({ reason: `its header should take ${headerBytes} bytes` })]);
  const parsed = headerSchema.safeParse(parseJson(bytes.subarray(fixedBytes, fixedBytes + headerBytes)));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const reason = `its header is malformed${issue === undefined ? '' : `: ${issue.path.join('.')}: ${issue.message}`}`;
    throw new HepcError([damagedFile({ reason })]);
  }
  return { header: parsed.data, payload: bytes.subarray(fixedBytes + headerBytes) };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    // Anything that is no JSON fails the schema.
    return undefined;
  }
}

function encodeHeader(header: Header): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(header));
}
