/** Files of keys and ciphertexts: envelopes with repaired digests around SEAL's bytes and our own, as far as what decrypts. */
import { elementCount } from '../../../ir/constant.ts';
import { type Diagnostic, HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import type { ClientPart, Plan } from '../../../ir/plan/plan.ts';
import { keySections, seedBytes, writeHeads } from '../../../runtime/cipher/key-format.ts';
import { Client } from '../../../runtime/client.ts';
import { encodingDigest, parametersDigest } from '../../../runtime/seal/bytes/client-part-digest.ts';
import { CiphertextReader, readCiphertexts, writeCiphertexts } from '../../../runtime/seal/bytes/ciphertext-files.ts';
import { bytesAccess } from '../../../runtime/format/random-access.ts';
import { type Envelope, openEnvelope, sealEnvelope } from '../../../runtime/seal/bytes/envelope.ts';
import type { Kind } from '../../../runtime/seal/bytes/envelope-header.ts';
import {
  inspectCiphertext,
  inspectGaloisKeys,
  inspectPublicKey,
  inspectRelinKeys,
  inspectSecretKey,
} from '../../../runtime/seal/bytes/inspect-bytes.ts';
import { ciphertextWithoutResidues } from '../../../runtime/seal/bytes/write-heads.ts';
import { type KeySet, readEvaluationKeys, readPublicKey } from '../../../runtime/cipher/key-files.ts';
import { ProgramWriter, smallParameters } from '../../unit/runtime/engines/seal-wasm/programs.ts';
import type { Draw } from '../mutate/draw.ts';
import { mutateEnvelope } from '../mutate/envelope.ts';
import { expectFinite, expectSameBytes, Fault, type Target } from '../target.ts';

const { client: part } = keyPlan();
const parameters = parametersDigest(part);
const encoding = encodingDigest(part);
const keyId = 'ab'.repeat(32);

const client = await Client.create(part);
const seeds = makeSeeds(client.generateKeys());

/** The same plan with two special primes, the keys of which are in our own format. */
const ownPart: ClientPart = {
  ...part,
  parameters: { polyModulusDegree: 4096, primes: smallParameters.primes, specialPrimes: [1073668097, 1073651713] },
  keyLevels: { rotations: part.rotationSteps.map(() => 1), relinearization: 0 },
};
const ownClient = await Client.create(ownPart);
const ownSeeds = makeOwnSeeds(ownClient.generateKeys());

/** One rotation and a square: files of keys that are as small as they come. */
function keyPlan(): Plan {
  const writer = new ProgramWriter(smallParameters, 2 ** 28);
  const x = writer.input();
  const sum = writer.sum(x, writer.rotate(x, 3));
  writer.output(writer.rescale(writer.relinearize(writer.multiply(sum, sum))));
  return writer.plan();
}

/** What travels when values are refreshed has a target of its own. */
type FuzzedKind = Exclude<Kind, 'refresh-request' | 'refresh-answer' | 'paused-evaluation'>;

/** Files of all kinds in which all that is random is zero, so that the same choices make the same inputs in every run. */
function makeSeeds(keys: KeySet): Readonly<Record<FuzzedKind, Envelope>> {
  const { parameters: he, rotationSteps, inputs, outputs } = part;
  const zeroed = (file: Uint8Array, kind: Kind, inspect: readonly Inspect[]): Envelope => {
    const envelope = openEnvelope(file, { kind, parameters });
    return {
      ...envelope,
      key: keyId,
      runs: envelope.runs.map((run) => run.map((section, i) => withoutResidues(section, inspect[i]))),
    };
  };
  const zeros = new Map(inputs.map(({ name, shape }) => [name, new Float64Array(elementCount(shape))]));
  const seeded = inputs.map(({ level, scale }): Inspect => {
    return (bytes) => inspectCiphertext(bytes, he, { level, scale, seeded: true }, 'it');
  });
  return {
    'secret-key': zeroed(keys.secretKey, 'secret-key', [(bytes) => inspectSecretKey(bytes, he)]),
    'public-key': zeroed(keys.publicKey, 'public-key', [(bytes) => inspectPublicKey(bytes, he)]),
    'evaluation-keys': zeroed(keys.evaluationKeys, 'evaluation-keys', [
      (bytes) => inspectRelinKeys(bytes, he),
      (bytes) => inspectGaloisKeys(bytes, he, rotationSteps),
    ]),
    inputs: zeroed(client.encrypt([zeros, zeros]), 'inputs', seeded),
    outputs: {
      kind: 'outputs',
      parameters,
      key: keyId,
      encoding,
      samples: 1,
      runs: [outputs.map(({ level, scale }) => ciphertextWithoutResidues(he, { level, size: 2, scale }))],
    },
  };
}

/** As `makeSeeds`, of the keys that have a format of their own. */
function makeOwnSeeds(keys: KeySet): Readonly<Record<'secret-key' | 'evaluation-keys', Envelope>> {
  const common = { parameters: parametersDigest(ownPart), key: keyId };
  const [[secretKey = new Uint8Array()] = []] = openEnvelope(keys.secretKey, { kind: 'secret-key' }).runs;
  const { relinearization, rotations } = keySections(ownPart);
  let seed = 0;
  const sections = [relinearization, rotations].map((section) => {
    if (section === undefined) throw new Error('the plan has keys of both kinds');
    const bytes = new Uint8Array(section.bytes);
    writeHeads(bytes, section);
    for (const { seedOffset } of section.keys) bytes.fill(++seed, seedOffset, seedOffset + seedBytes);
    return bytes;
  });
  return {
    'secret-key': { kind: 'secret-key', ...common, runs: [[secretKey.slice().fill(0, 16)]] },
    'evaluation-keys': { kind: 'evaluation-keys', ...common, runs: [sections] },
  };
}

type Inspect = (bytes: Uint8Array) => readonly Diagnostic[];

/** `bytes` with every range zero that may be zero without being refused, found by halving. */
function withoutResidues(bytes: Uint8Array, inspect: Inspect = () => []): Uint8Array {
  const result = bytes.slice();
  const clear = (from: number, to: number): void => {
    const before = result.slice(from, to);
    if (before.every((byte) => byte === 0)) return;
    result.fill(0, from, to);
    if (inspect(result).length === 0) return;
    result.set(before, from);
    if (to - from <= 1) return;
    const middle = Math.floor((from + to) / 2);
    clear(from, middle);
    clear(middle, to);
  };
  clear(0, bytes.length);
  return result;
}

async function readRunByRun(bytes: Uint8Array): Promise<void> {
  const reader = await CiphertextReader.open(bytesAccess(bytes), 'inputs', part, keyId);
  await reader.check();
}

function outcomeOf<T>(read: () => T): T | HepcError {
  try {
    return read();
  } catch (error) {
    if (error instanceof HepcError) return error;
    throw error;
  }
}

async function outcomeOfAsync<T>(read: () => Promise<T>): Promise<T | HepcError> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof HepcError) return error;
    throw error;
  }
}

/** The first of a kind is what both have to find; where there are several, one may stop earlier. */
function codesOf({ diagnostics }: HepcError): string {
  return diagnostics[0]?.code ?? '';
}

function target(kind: FuzzedKind, run: Target['run']): Target {
  return { name: kind, mutate: (draw: Draw) => mutateEnvelope(draw, seeds[kind], allSeeds), run };
}

function ownTarget(kind: keyof typeof ownSeeds, run: Target['run']): Target {
  return { name: `own-${kind}`, mutate: (draw: Draw) => mutateEnvelope(draw, ownSeeds[kind], allSeeds), run };
}

const allSeeds: readonly Envelope[] = [...Object.values(seeds), ...Object.values(ownSeeds)];

export const keyTargets: readonly Target[] = [
  target('secret-key', (bytes) => {
    client.loadKeys(bytes);
  }),
  target('public-key', (bytes) => {
    readPublicKey(bytes, part);
  }),
  target('evaluation-keys', (bytes) => {
    const { relinKeys, galoisKeys } = readEvaluationKeys(bytes, part);
    if (relinKeys === undefined || galoisKeys === undefined) throw new Fault('a kind of keys is missing');
  }),
  ownTarget('secret-key', (bytes) => {
    ownClient.loadKeys(bytes);
  }),
  ownTarget('evaluation-keys', (bytes) => {
    const { relinKeys, galoisKeys } = readEvaluationKeys(bytes, ownPart);
    const { relinearization, rotations } = keySections(ownPart);
    if (relinKeys?.length !== relinearization?.bytes || galoisKeys?.length !== rotations?.bytes)
      throw new Fault('keys are not as long as the plan says');
  }),
  target('inputs', async (bytes) => {
    const whole = outcomeOf(() => readCiphertexts(bytes, 'inputs', part, keyId));
    const inPieces = await outcomeOfAsync(() => readRunByRun(bytes));
    const codes = [whole, inPieces].map((each) => (each instanceof HepcError ? codesOf(each) : 'accepted'));
    if (codes[0] !== codes[1]) throw new Fault(`in memory: ${codes[0] ?? ''}; run by run: ${codes[1] ?? ''}`);
    if (whole instanceof HepcError) throw whole;
    const written = writeCiphertexts('inputs', part, whole);
    expectSameBytes(
      'two writings',
      written,
      writeCiphertexts('inputs', part, readCiphertexts(written, 'inputs', part, keyId)),
    );
  }),
  target('outputs', (bytes) => {
    client.loadKeys(sealEnvelope(seeds['secret-key']));
    for (const sample of client.decrypt(bytes, { raw: true }))
      for (const [name, values] of sample) expectFinite(name, values);
  }),
];
