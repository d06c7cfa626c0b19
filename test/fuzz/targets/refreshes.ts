/** What travels when a client refreshes, and what a server keeps meanwhile: as far as what is encrypted anew, and unmasked. */
import { stagesOf } from '../../../ir/plan/stages.ts';
import { Client } from '../../../runtime/client.ts';
import { Masks } from '../../../runtime/refresh/masks.ts';
import {
  announcedAnswer,
  identityOf,
  readAnswer,
  readRequest,
  type RefreshPoint,
  writeAnswer,
  writeRequest,
} from '../../../runtime/refresh/messages.ts';
import { readPaused, writePaused } from '../../../runtime/refresh/paused-evaluation.ts';
import { StagedRun } from '../../../runtime/refresh/staged-run.ts';
import { announcementEnd, writeCiphertexts } from '../../../runtime/seal/bytes/ciphertext-files.ts';
import { parametersDigest } from '../../../runtime/seal/bytes/client-part-digest.ts';
import { type Envelope, openEnvelope, sealEnvelope } from '../../../runtime/seal/bytes/envelope.ts';
import { parmsIdOf } from '../../../runtime/seal/bytes/parms-id.ts';
import { savedSeededBytes } from '../../../runtime/seal/bytes/saved-format.ts';
import { ciphertextWithoutResidues, writeCiphertextHead } from '../../../runtime/seal/bytes/write-heads.ts';
import { ProgramWriter, smallParameters } from '../../unit/runtime/engines/seal-wasm/programs.ts';
import type { Draw } from '../mutate/draw.ts';
import { mutateEnvelope } from '../mutate/envelope.ts';
import { expectSameBytes, Fault, type Target } from '../target.ts';

/** Two round trips; the client's second input is read after the last. */
function refreshedPlan() {
  const writer = new ProgramWriter(smallParameters, 2 ** 28);
  const [x, y] = [writer.input(), writer.input()];
  const again = writer.refresh(writer.refresh(writer.rotate(x, 3), 1), 1);
  writer.output(writer.rescale(writer.relinearize(writer.multiply(again, y))));
  return writer.plan();
}

const plan = refreshedPlan();
const { client: part } = plan;
const { stages } = stagesOf(plan.program.columns);
const { polyModulusDegree: degree } = smallParameters;
const keyId = 'ab'.repeat(32);
const seed = new Uint8Array(32);
const request = 'cd'.repeat(32);

const client = await Client.create(part);
const [[secret = new Uint8Array()] = []] = openEnvelope(client.generateKeys().secretKey, { kind: 'secret-key' }).runs;
client.loadKeys(sealEnvelope({ kind: 'secret-key', parameters: parametersDigest(part), key: keyId, runs: [[secret]] }));
const masks = await Masks.open(smallParameters);

function seeded({ level, scale }: { readonly level: number; readonly scale: number }): Uint8Array {
  const bytes = new Uint8Array(savedSeededBytes(degree, level + 1));
  const parmsId = parmsIdOf(smallParameters, level);
  writeCiphertextHead(bytes, { parmsId, degree, primes: level + 1, size: 2, scale, seed: new Uint8Array(64) });
  return bytes;
}

const inputs = writeCiphertexts('inputs', part, { keyId, samples: 1, runs: [part.inputs.map(seeded)] });
const point: RefreshPoint = { keyId, samples: 1, inputs: identityOf(inputs), round: 0 };
const [[first] = []] = part.refreshes ?? [];
const scale = first?.scale ?? NaN;
const level = first?.level ?? NaN;

function makeSeeds(): Readonly<Record<'refresh-request' | 'refresh-answer' | 'paused-evaluation', Envelope>> {
  const masked = ciphertextWithoutResidues(smallParameters, { level: 1, size: 2, scale });
  const run = new StagedRun(stages, part.inputs.map(seeded));
  run.take(0, [masked]);
  const files = {
    'refresh-request': writeRequest(part, { ...point, runs: [[masked]] }),
    'refresh-answer': writeAnswer(part, { ...point, request, runs: [[seeded({ level, scale })]] }),
    'paused-evaluation': writePaused(part, { ...point, request, seed, runs: [run] }),
  };
  const envelope = (kind: keyof typeof files): Envelope => openEnvelope(files[kind], { kind });
  return {
    'refresh-request': envelope('refresh-request'),
    'refresh-answer': envelope('refresh-answer'),
    'paused-evaluation': envelope('paused-evaluation'),
  };
}

const seeds = makeSeeds();
const allSeeds = Object.values(seeds);

function target(kind: keyof typeof seeds, run: Target['run']): Target {
  return { name: kind, mutate: (draw: Draw) => mutateEnvelope(draw, seeds[kind], allSeeds), run };
}

export const refreshTargets: readonly Target[] = [
  target('refresh-request', (bytes) => {
    const asked = readRequest(bytes, part, keyId);
    const round = part.refreshes?.[asked.round] ?? [];
    for (const run of asked.runs)
      if (run.length !== round.length) throw new Fault('a run has another number of ciphertexts than the round trip');
    client.allowRefreshes(inputs, asked.round);
    const answer = client.refresh(bytes);
    const { length } = readAnswer(answer, part, { ...asked, request: asked.digest });
    if (length !== asked.runs.length) throw new Fault('an answer of other runs');
  }),
  target('refresh-answer', (bytes) => {
    const runs = readAnswer(bytes, part, { ...point, request });
    const head = bytes.subarray(0, announcementEnd(bytes));
    const announced = announcedAnswer(head, part, point);
    if (announced.bytes !== bytes.length || announced.runs !== runs.length)
      throw new Fault('what was announced is something else');
    for (const [number, refreshed] of runs.flat().entries()) masks.unmask(refreshed.slice(), number, seed);
  }),
  target('paused-evaluation', (bytes) => {
    const paused = readPaused(bytes, part, stages, keyId);
    const written = writePaused(part, paused);
    expectSameBytes('two writings', written, writePaused(part, readPaused(written, part, stages, keyId)));
  }),
];
