/**
 * The three files of keys. The identity of a set of keys is the SHA-256 of its public key, which is fresh randomness.
 */
import { type Diagnostic, HepcError, InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { tooManyKeys } from '../../ir/diagnostics/plan.ts';
import { otherKey, wrongCount } from '../../ir/diagnostics/runtime.ts';
import { sha256Hex } from '../../ir/digest.ts';
import { evaluationKeyBytes, maxKeyBytes } from '../../ir/ckks/switching-keys.ts';
import type { ClientPart } from '../../ir/plan/plan.ts';
import type { Cryptography } from '../base/cryptography.ts';
import type { EvaluationKeys } from '../base/engine.ts';
import { parametersDigest } from '../seal/bytes/client-part-digest.ts';
import {
  type Envelope,
  type LaidOutEnvelope,
  layOutEnvelope,
  openEnvelope,
  sealEnvelope,
} from '../seal/bytes/envelope.ts';
import type { EnvelopeHeader, Kind } from '../seal/bytes/envelope-header.ts';
import { inspectGaloisKeys, inspectPublicKey, inspectRelinKeys } from '../seal/bytes/inspect-bytes.ts';
import { inspectSwitchingKeys, keySections } from './key-format.ts';
import { inspectSecretKey } from './secret-key.ts';

/** Files of keys, as bytes. */
export interface KeySet {
  /** Never leaves the client; to be stored readable by its owner only. */
  readonly secretKey: Uint8Array;
  readonly publicKey: Uint8Array;
  /** Relinearisation and Galois keys, for the server; of a plan with refreshes the public key as well. */
  readonly evaluationKeys: Uint8Array;
}

/** New keys of a plan, key by key: yields the part that is done, 0 to 1. Throws `HepcError` H508 for more than a file holds. */
export function* generateKeysStepwise(cryptography: Cryptography, part: ClientPart): Generator<number, KeySet> {
  const { keys, saved } = evaluationKeyBytes(part);
  if (saved > maxKeyBytes) throw new HepcError([tooManyKeys({ keys, bytes: saved, limit: maxKeyBytes })]);
  const parameters = parametersDigest(part);
  // Evaluation keys may take gigabytes: they are written where they stand in their file.
  let file: LaidOutEnvelope | undefined;
  const { secretKey, publicKey } = yield* cryptography.generateKeys(part, (forKey, sections) => {
    const header: EnvelopeHeader = {
      kind: 'evaluation-keys',
      parameters,
      key: sha256Hex(forKey),
      runs: 1,
      sections: [...sections, ...(needsPublicKey(part) ? [forKey.length] : [])],
    };
    file = layOutEnvelope(header);
    const places = file.runs[0] ?? [];
    places[sections.length]?.set(forKey);
    return places.slice(0, sections.length);
  });
  if (file === undefined) throw new InternalError('evaluation keys have no place');
  const key = sha256Hex(publicKey);
  const pack = (kind: Kind, section: Uint8Array): Uint8Array =>
    sealEnvelope({ kind, parameters, key, runs: [[section]] });
  return {
    secretKey: pack('secret-key', secretKey),
    publicKey: pack('public-key', publicKey),
    evaluationKeys: file.seal(),
  };
}

/** The bytes of a checked secret key and the identity of its set. Throws `HepcError`. */
export function readSecretKey(bytes: Uint8Array, part: ClientPart): { keyId: string; secretKey: Uint8Array } {
  const envelope = openEnvelope(bytes, { kind: 'secret-key', parameters: parametersDigest(part) });
  const secretKey = onlySection(envelope);
  throwProblems(inspectSecretKey(secretKey, part.parameters));
  return { keyId: envelope.key, secretKey };
}

/** The bytes of a checked public key and the identity of its set. Throws `HepcError`. */
export function readPublicKey(bytes: Uint8Array, part: ClientPart): { keyId: string; publicKey: Uint8Array } {
  const envelope = openEnvelope(bytes, { kind: 'public-key', parameters: parametersDigest(part) });
  const publicKey = onlySection(envelope);
  throwProblems(inspectPublicKey(publicKey, part.parameters));
  // The identity is computed, not believed: weights would be bound to the wrong client otherwise.
  return { keyId: sha256Hex(publicKey), publicKey };
}

/** Checked evaluation keys. Throws `HepcError`. */
export function readEvaluationKeys(bytes: Uint8Array, part: ClientPart): EvaluationKeys {
  const { needsRelinKeys, rotationSteps, needsEncapsulation = false } = part;
  const envelope = openEnvelope(bytes, { kind: 'evaluation-keys', parameters: parametersDigest(part) });
  const needsGaloisKeys = rotationSteps.length > 0;
  const wanted = [needsRelinKeys, needsGaloisKeys, needsEncapsulation, needsPublicKey(part)];
  const sections = [...requireSections(envelope, wanted.filter(Boolean).length)];
  const relinKeys = needsRelinKeys ? sections.shift() : undefined;
  const galoisKeys = needsGaloisKeys ? sections.shift() : undefined;
  const encapsulationKeys = needsEncapsulation ? sections.shift() : undefined;
  const publicKey = needsPublicKey(part) ? sections.shift() : undefined;
  const keys = {
    ...(relinKeys && { relinKeys }),
    ...(galoisKeys && { galoisKeys }),
    ...(encapsulationKeys && { encapsulationKeys }),
    ...(publicKey && { publicKey }),
  };
  throwProblems(problemsOf(part, keys));
  if (publicKey !== undefined) checkPublicKey(publicKey, part, envelope.key);
  return { keyId: envelope.key, ...keys };
}

/** Servers that mask what is to be refreshed encrypt zeros. */
function needsPublicKey({ refreshes }: ClientPart): boolean {
  return refreshes !== undefined;
}

/** Throws `HepcError` unless it is sound, and that of the identity: what is masked with another would not be refreshed. */
function checkPublicKey(publicKey: Uint8Array, part: ClientPart, keyId: string): void {
  throwProblems(inspectPublicKey(publicKey, part.parameters));
  const got = sha256Hex(publicKey);
  if (got !== keyId) throw new HepcError([otherKey({ what: 'public key', got, expected: keyId })]);
}

/** By SEAL's rules where there is one special prime, by our own where there are several. */
function problemsOf(
  part: ClientPart,
  { relinKeys, galoisKeys, encapsulationKeys }: Omit<EvaluationKeys, 'keyId'>,
): readonly Diagnostic[] {
  const { parameters, rotationSteps } = part;
  if (parameters.specialPrimes.length === 1)
    return [
      ...(relinKeys === undefined ? [] : inspectRelinKeys(relinKeys, parameters)),
      ...(galoisKeys === undefined ? [] : inspectGaloisKeys(galoisKeys, parameters, rotationSteps)),
    ];
  const { relinearization, rotations, encapsulation } = keySections(part);
  const sections = [
    { bytes: relinKeys, expected: relinearization, what: 'the relinearisation key' },
    { bytes: galoisKeys, expected: rotations, what: 'the Galois keys' },
    { bytes: encapsulationKeys, expected: encapsulation, what: 'the keys of the encapsulation' },
  ];
  return inspectSwitchingKeys(
    sections.flatMap(({ bytes, expected, what }) =>
      bytes === undefined || expected === undefined ? [] : [{ bytes, expected, what }],
    ),
  );
}

function requireSections({ kind, runs }: Envelope, expected: number): readonly Uint8Array[] {
  const sections = runs.flat();
  if (runs.length === 1 && sections.length === expected) return sections;
  throw new HepcError([wrongCount({ what: `sections of ${kind}`, expected, got: sections.length })]);
}

function onlySection(envelope: Envelope): Uint8Array {
  const [section] = requireSections(envelope, 1);
  if (section === undefined) throw new InternalError('one section is none');
  return section;
}

function throwProblems(problems: readonly Diagnostic[]): void {
  if (problems.length > 0) throw new HepcError(problems);
}
