/**
 * How long the event loop of a server is held up while it takes large bodies: keys of a small and of a large plan, and a
 * request of many encrypted runs.
 */
import { writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listSamples, loadSamples } from '../../../index.ts';
import { sha256Hex } from '../../../ir/digest.ts';
import type { Sample } from '../../../ir/interface.ts';
import type { Plan } from '../../../ir/plan/plan.ts';
import { writeHep } from '../../../runtime/hep/write.ts';
import { Client } from '../../../runtime/client.ts';
import { Connection } from '../../../runtime/remote/connection.ts';
import { MemoryKeyKeeper } from '../../../runtime/remote/key-keeper.ts';
import { uploadKeys } from '../../../runtime/remote/upload-keys.ts';
import { keysHeader, mediaTypes } from '../../../runtime/protocol/media-types.ts';
import { type HepcProcess, startHepc } from '../hepc-process.ts';
import type { LoopDelays } from './probe-messages.ts';

/** Of one kind of body, by round. */
export interface LoopFigures {
  readonly what: string;
  readonly bytes: number;
  readonly seconds: number[];
  readonly delays: LoopDelays[];
}

export interface LoopPlan {
  readonly name: string;
  readonly plan: Plan;
  /** Where a request is measured, too: of how many runs. */
  readonly runs?: number;
}

interface LoopMeasurement {
  readonly rounds: number;
  readonly folder: string;
  /** Samples that all plans take. */
  readonly images: Uint8Array;
}

/** After which a server that has started does nothing more by itself. */
const quietMs = 2000;

/** Each round of each plan with a server of its own. */
export async function measureLoop(plans: readonly LoopPlan[], options: LoopMeasurement): Promise<LoopFigures[]> {
  const found: LoopFigures[] = [];
  for (const each of plans) found.push(...(await measurePlan(each, options)));
  return found;
}

async function measurePlan(
  { name, plan, runs = 0 }: LoopPlan,
  { rounds, folder, images }: LoopMeasurement,
): Promise<LoopFigures[]> {
  const all = listSamples(loadSamples(images, name, plan.client.inputs));
  const asked = Array.from(
    { length: runs * plan.client.batch },
    (_, k) => all[k % all.length] ?? new Map<string, Float64Array>(),
  );
  const { keys, inputs } = await encrypted(plan, asked);
  const file = join(folder, `${name}.hep`);
  const store = join(folder, 'loop-store');
  writeFileSync(file, writeHep(plan));
  const uploads: LoopFigures = { what: `keys of ${name}`, bytes: keys.length, seconds: [], delays: [] };
  const requests: LoopFigures = {
    what: `${runs} runs of ${name} and their answer`,
    ...{ bytes: inputs?.length ?? 0, seconds: [], delays: [] },
  };
  const digest = sha256Hex(keys);
  for (let round = 0; round < rounds; round++) {
    const server = await startHepc('serve', [file, '--store', store, '--listen', '127.0.0.1:0'], { probed: true });
    try {
      await sleep(quietMs);
      const connection = new Connection(server.url, {});
      await watched(server, uploads, () =>
        uploadKeys(connection, { bytes: keys, digest, model: name }, new MemoryKeyKeeper()),
      );
      if (inputs === undefined) continue;
      await watched(server, requests, () => ask(connection, name, digest, inputs));
    } finally {
      await server.stop('SIGTERM');
      await rm(store, { recursive: true });
    }
  }
  return inputs === undefined ? [uploads] : [uploads, requests];
}

async function encrypted(plan: Plan, samples: readonly Sample[]) {
  const client = await Client.create(plan.client);
  try {
    const keys = client.generateKeys().evaluationKeys;
    return { keys, inputs: samples.length === 0 ? undefined : client.encrypt(samples) };
  } finally {
    client.close();
  }
}

async function watched(server: HepcProcess, figures: LoopFigures, work: () => Promise<void>): Promise<void> {
  await server.loopDelays();
  const start = performance.now();
  await work();
  figures.seconds.push((performance.now() - start) / 1000);
  figures.delays.push(await server.loopDelays());
}

async function ask(connection: Connection, model: string, keys: string, body: Uint8Array): Promise<void> {
  const headers = { 'content-type': mediaTypes.ciphertexts, [keysHeader]: keys };
  const response = await connection.request(`v1/models/${model}/infer`, { method: 'POST', headers, body });
  await response.arrayBuffer();
}
