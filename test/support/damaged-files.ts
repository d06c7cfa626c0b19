/** Files of ciphertexts and keys with changed contents and a digest that fits, as an attacker would make them. */
import type { Plan } from '../../ir/plan/plan.ts';
import { encodingDigest, parametersDigest } from '../../runtime/seal/bytes/client-part-digest.ts';
import { type Envelope, sealEnvelope, openEnvelope } from '../../runtime/seal/bytes/envelope.ts';

type DamagedKind = 'inputs' | 'evaluation-keys';

/** The contents of a file. */
export function openFile(file: Uint8Array, kind: DamagedKind, { client }: Plan): Envelope {
  const parameters = parametersDigest(client);
  return openEnvelope(file, { kind, parameters, ...(kind === 'inputs' ? { encoding: encodingDigest(client) } : {}) });
}

/** The file with one section changed by `change`, which gets a copy of it. */
export function damage(envelope: Envelope, index: number, change: (section: Uint8Array) => void): Uint8Array {
  const sections = envelope.runs.flat();
  const section = sections[index]?.slice();
  if (section === undefined) throw new Error(`no section ${index}`);
  change(section);
  const changed = sections.with(index, section);
  const size = sections.length / envelope.runs.length;
  return sealEnvelope({ ...envelope, runs: envelope.runs.map((_, r) => changed.slice(r * size, (r + 1) * size)) });
}
