/**
 * Files of encrypted inputs and outputs. A run takes up to `batch` samples; more are several runs, whose ciphertexts
 * stand one run after another. The number of samples is in the envelope, in the clear.
 */
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { damagedFile, wrongCount } from '../../../ir/diagnostics/runtime.ts';
import type { ClientPart } from '../../../ir/plan/plan.ts';
import { encodingDigest, parametersDigest } from './client-part-digest.ts';
import { openEnvelope, sealEnvelope } from './envelope.ts';
import { type ExpectedCiphertext, inspectCiphertext } from './inspect-bytes.ts';

export interface CiphertextFile {
  readonly keyId: string;
  readonly samples: number;
  /** Saved SEAL ciphertexts of each run. */
  readonly runs: readonly (readonly Uint8Array[])[];
}

/** What the ciphertexts of a run must be, in order. */
function expectedInputs({ inputs }: ClientPart): ExpectedCiphertext[] {
  return inputs.flatMap(({ used, level, scale }) =>
    used.filter((isUsed) => isUsed).map(() => ({ level, scale, seeded: true })),
  );
}

function expectedOutputs({ outputs }: ClientPart): ExpectedCiphertext[] {
  return outputs.flatMap(({ used, level, scale }) =>
    used.filter((isUsed) => isUsed).map(() => ({ level, scale, seeded: false })),
  );
}

export function writeCiphertexts(kind: 'inputs' | 'outputs', part: ClientPart, file: CiphertextFile): Uint8Array {
  const { keyId, samples, runs } = file;
  const [parameters, encoding] = [parametersDigest(part), encodingDigest(part)];
  return sealEnvelope({ kind, parameters, key: keyId, encoding, samples, sections: runs.flat() });
}

/** Opens a file and checks every ciphertext in it. Throws `HepcError`. */
export function readCiphertexts(
  bytes: Uint8Array,
  kind: 'inputs' | 'outputs',
  part: ClientPart,
  keyId: string,
): CiphertextFile {
  const { samples, sections } = openEnvelope(bytes, {
    kind,
    parameters: parametersDigest(part),
    key: keyId,
    encoding: encodingDigest(part),
  });
  if (samples === undefined)
    throw new HepcError([damagedFile({ reason: 'it does not say how many samples it holds' })]);
  const expected = kind === 'inputs' ? expectedInputs(part) : expectedOutputs(part);
  const runs = Math.ceil(samples / part.batch);
  if (sections.length !== runs * expected.length) {
    const what = `ciphertexts for ${samples} samples`;
    throw new HepcError([wrongCount({ what, expected: runs * expected.length, got: sections.length })]);
  }
  const problems = sections.flatMap((section, i) => {
    const one = expected[i % expected.length];
    const what = `ciphertext ${i} of the ${kind}`;
    return one === undefined ? [] : inspectCiphertext(section, part.parameters, one, what);
  });
  if (problems.length > 0) throw new HepcError(problems.slice(0, maxReports));
  const runOf = (run: number): Uint8Array[] => sections.slice(run * expected.length, (run + 1) * expected.length);
  return { keyId, samples, runs: Array.from({ length: runs }, (_, run) => runOf(run)) };
}

const maxReports = 8;
