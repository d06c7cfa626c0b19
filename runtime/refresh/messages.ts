/**
 * Messages of a refresh: what the server asks for, and what the client answers. Both are envelopes (`envelope-header.ts`) with the
 * plan's digest, the key's identity, the inputs that are evaluated, and the number of the round trip; an answer names its request
 * by digest. Sizes of ciphertexts follow from the plan.
 */
import type { Diagnostic } from '../../ir/diagnostics/diagnostic.ts';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { otherRefresh } from '../../ir/diagnostics/refresh/messages.ts';
import { wrongCount } from '../../ir/diagnostics/runtime.ts';
import { hexOf, sha256Hex } from '../../ir/digest.ts';
import { refreshedLevel } from '../../ir/he/ops.ts';
import type { ClientPart } from '../../ir/plan/plan.ts';
import type { RefreshRound } from '../../ir/plan/stages.ts';
import { encodingDigest, parametersDigest } from '../seal/bytes/client-part-digest.ts';
import { type Envelope, openEnvelope, sealEnvelope } from '../seal/bytes/envelope.ts';
import { announcedBy, damaged, digestBytes } from '../seal/bytes/envelope-header.ts';
import { inspectCiphertext } from '../seal/bytes/inspect-bytes.ts';
import { savedSeededBytes } from '../seal/bytes/saved-format.ts';

/** What is evaluated, and how far it is. */
export interface RefreshPoint {
  readonly keyId: string;
  readonly samples: number;
  readonly place?: number | undefined;
  /** Identity of the file of encrypted inputs (`identityOf`). */
  readonly inputs: string;
  /** Of the round trip, from 0 on. */
  readonly round: number;
}

export interface RefreshRequest extends RefreshPoint {
  /** Of each run: the masked ciphertexts, of level 1 and two polynomials, as many as the plan says for the round. */
  readonly runs: readonly (readonly Uint8Array[])[];
}

export interface RefreshAnswer extends RefreshPoint {
  /** SHA-256 of the bytes of the request. */
  readonly request: string;
  /** Seeded ciphertexts, one for each of the request. */
  readonly runs: readonly (readonly Uint8Array[])[];
}

/** How many of the last bytes of a file tell its identity. */
export const identityBytes = digestBytes;

/** The identity of a file of encrypted inputs: its last digest, which is one of the digests of all else. */
export function identityOf(file: Uint8Array): string {
  return hexOf(file.subarray(file.length - digestBytes));
}

export function writeRequest(part: ClientPart, { runs, ...point }: RefreshRequest): Uint8Array {
  return sealEnvelope({ ...headOf('refresh-request', part, point), runs });
}

export function writeAnswer(part: ClientPart, { runs, request, ...point }: RefreshAnswer): Uint8Array {
  const head = headOf('refresh-answer', part, point);
  return sealEnvelope({ ...head, refresh: { ...head.refresh, request }, runs });
}

/** A request with its digest. Throws `HepcError` for one that is damaged, of another plan or key, or no round trip of the plan. */
export function readRequest(
  bytes: Uint8Array,
  part: ClientPart,
  keyId: string,
): RefreshRequest & { readonly digest: string } {
  const envelope = openEnvelope(bytes, expected('refresh-request', part, keyId));
  const point = pointOf(envelope, envelope.runs.length, part);
  const round = part.refreshes?.[point.round] ?? [];
  checkCiphertexts(envelope, part, round, (each) => ({ level: refreshedLevel, scale: each.scale, seeded: false }));
  return { ...point, runs: envelope.runs, digest: sha256Hex(bytes) };
}

/** Of the answer to a request. Throws `HepcError` for one that is damaged, of another plan or key, or not to that request (H663). */
export function readAnswer(
  bytes: Uint8Array,
  part: ClientPart,
  asked: RefreshPoint & { readonly request: string },
): readonly (readonly Uint8Array[])[] {
  const envelope = openEnvelope(bytes, expected('refresh-answer', part, asked.keyId));
  const point = pointOf(envelope, envelope.runs.length, part);
  const reason =
    point.inputs !== asked.inputs
      ? 'they are of other inputs'
      : point.round !== asked.round
        ? describeRounds(point.round, asked.round)
        : envelope.refresh?.request !== asked.request || point.samples !== asked.samples
          ? 'they answer another request'
          : undefined;
  if (reason !== undefined) throw new HepcError([otherRefresh({ reason })]);
  checkCiphertexts(envelope, part, part.refreshes?.[point.round] ?? [], (each) => ({ ...each, seeded: true }));
  return envelope.runs;
}

/**
 * What an answer for a round trip will be, by all that stands before its first run. Throws `HepcError` for what is not for the plan
 * and of the key, and for another round trip (H663). Sizes are the plan's.
 */
export function announcedAnswer(
  head: Uint8Array,
  part: ClientPart,
  { keyId, round }: Pick<RefreshPoint, 'keyId' | 'round'>,
): { readonly samples: number; readonly runs: number; readonly bytes: number } {
  const { header, bytes } = announcedBy(head, expected('refresh-answer', part, keyId));
  const { runs, sections } = header;
  const point = pointOf(header, runs, part);
  if (point.round !== round) throw new HepcError([otherRefresh({ reason: describeRounds(point.round, round) })]);
  const { polyModulusDegree: degree } = part.parameters;
  const sizes = (part.refreshes?.[round] ?? []).map(({ level }) => savedSeededBytes(degree, level + 1));
  if (sections.length !== sizes.length || sections.some((size, k) => size !== sizes[k]))
    throw new HepcError([wrongCount({ what: 'bytes of a round trip', expected: sum(sizes), got: sum(sections) })]);
  return { samples: point.samples, runs, bytes };
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}

function describeRounds(got: number, expected: number): string {
  return `they are of round trip ${got}, and round trip ${expected} is waited for`;
}

type RefreshKind = 'refresh-request' | 'refresh-answer' | 'paused-evaluation';

/** The header of an envelope about an evaluation in stages. */
export function headOf(kind: RefreshKind, part: ClientPart, { keyId, samples, place, inputs, round }: RefreshPoint) {
  return {
    kind,
    parameters: parametersDigest(part),
    key: keyId,
    encoding: encodingDigest(part),
    samples,
    ...(place === undefined ? {} : { place }),
    refresh: { inputs, round },
  };
}

/** What that of such an envelope has to say. */
export function expected(kind: RefreshKind, part: ClientPart, key: string) {
  return { kind, parameters: parametersDigest(part), encoding: encodingDigest(part), key };
}

function pointOf(
  { key: keyId, samples, place, refresh }: Omit<Envelope, 'runs' | 'kind'>,
  runs: number,
  part: ClientPart,
): RefreshPoint {
  if (samples === undefined || refresh === undefined) throw damaged('it does not say what is refreshed');
  const { inputs, round } = refresh;
  const rounds = part.refreshes?.length ?? 0;
  if (round >= rounds) throw damaged(`it is of round trip ${round}, and the plan has ${rounds}`);
  const wanted = Math.ceil(samples / part.batch);
  if (runs !== wanted)
    throw new HepcError([wrongCount({ what: `runs for ${samples} samples`, expected: wanted, got: runs })]);
  return { keyId, samples, place, inputs, round };
}

const maxReports = 8;

function checkCiphertexts(
  { runs }: Envelope,
  part: ClientPart,
  round: RefreshRound,
  expectedOf: (each: RefreshRound[number]) => Parameters<typeof inspectCiphertext>[2],
): void {
  const problems: Diagnostic[] = [];
  for (const [run, sections] of runs.entries()) {
    if (sections.length !== round.length) {
      const what = 'ciphertexts of a round trip';
      throw new HepcError([wrongCount({ what, expected: round.length, got: sections.length })]);
    }
    for (const [k, each] of round.entries()) {
      const what = `ciphertext ${run * round.length + k}`;
      problems.push(...inspectCiphertext(sections[k] ?? new Uint8Array(), part.parameters, expectedOf(each), what));
    }
  }
  if (problems.length > 0) throw new HepcError(problems.slice(0, maxReports));
}
