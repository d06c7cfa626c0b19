/** A plan that is served: what clients get of it, and the figures by which requests are admitted. */
import { evaluationMilliseconds } from '../../costs/plan-statistics.ts';
import { modelInputs, modelOutputs } from '../../ir/client/steps.ts';
import { ciphertextBytes } from '../../ir/parameters.ts';
import { type ClientPart, type Plan, sentCiphertexts } from '../../ir/plan/plan.ts';
import { evaluationKeyBytes } from '../../ir/ckks/switching-keys.ts';
import type { Model } from '../../runtime/protocol/resources.ts';
import type { ModelRecord } from './model-record.ts';

export interface ServedPlan extends ModelRecord {
  readonly part: ClientPart;
  /** The file of the client part. */
  readonly clientPart: Uint8Array;
}

/** What of a file is neither keys nor ciphertexts: SEAL's headers and ours, and a place for each possible Galois key. */
const headerBytes = 2048;
const galoisPlaceBytes = 8;

/** Sizes are those of files, within some thousandths. */
export function figuresOf(
  plan: Plan,
): Pick<ModelRecord, 'keyBytes' | 'requestBytes' | 'responseBytes' | 'evaluationMs' | 'memoryBytes'> {
  const { parameters, inputs, outputs } = plan.client;
  const { saved } = evaluationKeyBytes(plan.client);
  const ciphertexts = (encodings: typeof inputs | typeof outputs): number =>
    encodings.reduce((sum, each) => sum + sentCiphertexts(each) * ciphertextBytes(parameters, each.level, 2), 0);
  return {
    keyBytes: saved + galoisPlaceBytes * parameters.polyModulusDegree + headerBytes,
    // The client encrypts under its secret key, so that a seed stands for half of each ciphertext.
    requestBytes: ciphertexts(inputs) / 2 + headerBytes,
    responseBytes: ciphertexts(outputs) + headerBytes,
    evaluationMs: evaluationMilliseconds(plan),
    memoryBytes: plan.statistics.peakBytes,
  };
}

/** The most bytes that a file of evaluation keys for the plan may have. */
export function keyLimit({ keyBytes }: ModelRecord): number {
  return Math.ceil(keyBytes * 1.05) + 2 ** 16;
}

/** As it is shown to clients. */
export function modelOf({ part, ...record }: ServedPlan): Model {
  const { id, digest, clientDigest, requestsPerRun, keyBytes, requestBytes, responseBytes, evaluationMs } = record;
  const ports = (list: readonly { readonly name: string; readonly shape: readonly number[] }[]): Model['inputs'] =>
    list.map(({ name, shape }) => ({ name, shape: [...shape] }));
  return {
    id,
    digest,
    clientDigest,
    batch: part.batch,
    ...(requestsPerRun !== undefined && { requestsPerRun }),
    inputs: ports(modelInputs(part, part.inputs)),
    outputs: ports(modelOutputs(part, part.outputs)),
    keyBytes,
    requestBytes,
    responseBytes,
    evaluationMs,
  };
}
