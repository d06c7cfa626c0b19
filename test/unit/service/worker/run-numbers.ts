/** An evaluator without an engine: the outputs of a run are its number, so that what belongs where can be told. */
import { writeFile } from 'node:fs/promises';
import { sha256Hex } from '../../../../ir/digest.ts';
import type { ClientPart } from '../../../../ir/plan/plan.ts';
import { encodingDigest, parametersDigest } from '../../../../runtime/seal/bytes/client-part-digest.ts';
import { sealEnvelope } from '../../../../runtime/seal/bytes/envelope.ts';
import { savedSeededBytes } from '../../../../runtime/seal/bytes/saved-format.ts';
import type { EvaluationRequest, Evaluator } from '../../../../service/evaluation/evaluator.ts';

export const testKey = 'ab'.repeat(32);

/** A file of inputs of the right sizes, with nothing in them. The part must have one input of one ciphertext. */
export function emptyInputs(part: ClientPart, runs: number): Uint8Array {
  const { polyModulusDegree, primes } = part.parameters;
  const section = new Uint8Array(savedSeededBytes(polyModulusDegree, primes.length));
  return envelopeOf(
    'inputs',
    part,
    Array.from({ length: runs }, () => section),
  );
}

/** What `RunNumbers` gives for runs `first` … `end − 1`. */
export function runNumbers(part: ClientPart, first: number, end: number): Uint8Array {
  return envelopeOf(
    'outputs',
    part,
    Array.from({ length: end - first }, (_, k) => Uint8Array.of(first + k, 7)),
  );
}

function envelopeOf(kind: 'inputs' | 'outputs', part: ClientPart, sections: readonly Uint8Array[]): Uint8Array {
  return sealEnvelope({
    kind,
    parameters: parametersDigest(part),
    encoding: encodingDigest(part),
    key: testKey,
    samples: sections.length * part.batch,
    runs: sections.map((section) => [section]),
  });
}

export class RunNumbers implements Evaluator {
  private readonly part: ClientPart;
  private readonly before: (request: EvaluationRequest) => Promise<void>;

  /** @param before may fail as an evaluation does */
  constructor(part: ClientPart, before: (request: EvaluationRequest) => Promise<void> = () => Promise.resolve()) {
    this.part = part;
    this.before = before;
  }

  async evaluate(request: EvaluationRequest) {
    await this.before(request);
    const outputs: { bytes: number; digest: string }[] = [];
    for (const [index, { first, end }] of request.inputs.entries()) {
      const bytes = runNumbers(this.part, first, end);
      await writeFile(request.outputs[index] ?? '', bytes);
      outputs.push({ bytes: bytes.length, digest: sha256Hex(bytes) });
    }
    return { outputs, timings: { wait: 0, keys: 0, evaluate: 1 }, openMs: 0 };
  }

  checkKeys() {
    return Promise.resolve({ keyId: testKey });
  }

  holds() {
    return 0;
  }

  usage() {
    return Promise.resolve({ budgetBytes: 0, crashes: 0, plans: [] });
  }

  forget() {
    return Promise.resolve();
  }

  close() {
    return Promise.resolve();
  }
}
