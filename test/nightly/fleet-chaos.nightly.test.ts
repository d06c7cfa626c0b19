/**
 * A fleet of a front and three workers whose processes are killed during 500 jobs: each is answered once and rightly, or
 * refused with a reason. HEPC_SEED draws other choices, HEPC_FLEET_JOBS makes it more or fewer.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FleetProcesses } from '../../bench/serve/fleet-processes.ts';
import { type FleetFigures, measureFleet } from '../../bench/serve/fleet.ts';
import { writeHep } from '../../runtime/hep/write.ts';
import { RemoteModel } from '../../runtime/remote/remote-model.ts';
import { type Job, jobSchema } from '../../service/jobs/job-record.ts';
import { openNatsBackend } from '../../service/stores/nats/open.ts';
import { fuzzSeed } from '../fuzz/seed.ts';
import { smallPlan } from '../fuzz/targets/small-plan.ts';
import { natsServerPath, startNatsServer } from '../support/nats-server.ts';
import { randomSample } from '../support/serve-plans.ts';

const reason = 'skipped: there is no nats-server 2.11 (HEPC_NATS_SERVER, PATH)';
const requests = Number(process.env['HEPC_FLEET_JOBS'] ?? 500);
const minutes = 60_000;

describe.skipIf(natsServerPath === undefined)(natsServerPath === undefined ? reason : 'a fleet', () => {
  test.each([
    { named: 'workers', alsoKill: [] },
    { named: 'workers, the front and NATS', alsoKill: ['front', 'nats'] },
  ] as const)(
    '$named are killed every few seconds',
    async ({ alsoKill }) => {
      const figures = await measureFleet({
        ...{ plan: smallPlan(), requests, samples: 8, clients: 2, atOnce: 4, workers: 3 },
        ...{ leaseSeconds: 3, killSeconds: 3, maxAttempts: 5, seed: fuzzSeed(), alsoKill },
      });
      console.log(JSON.stringify(figures));
      expect(sum(figures.refused) + figures.answered).toBe(requests);
      expect(figures).toMatchObject({ wrong: 0, duplicated: 0, unexplained: [] });
      expect(figures.answered).toBeGreaterThan(0.9 * requests);
      expect(figures.killed.worker).toBeGreaterThan(0);
    },
    20 * minutes,
  );

  test(
    'a job that takes each worker with it is put among the dead, and the next one lives',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'hepc-fleet-'));
      const file = join(folder, 'small.hep');
      writeFileSync(file, writeHep(smallPlan()));
      const nats = await startNatsServer();
      const fleet = new FleetProcesses({ nats: nats.url, leaseSeconds: 1 });
      const front = await fleet.front(file, '--listen', '127.0.0.1:0');
      const backend = await openNatsBackend(nats.url, { storeBytes: 16 * 2 ** 30, cacheFolder: join(folder, 'cache') });
      const model = await RemoteModel.open(front.url, 'small');
      try {
        await model.prepare();
        const answering = model.infer([randomSample(smallPlan(), 1)]).catch((error: unknown) => error);
        const only = async (): Promise<Job | undefined> => {
          for await (const { value } of backend.registry.list('jobs')) return jobSchema.parse(value);
          return undefined;
        };
        for (let attempt = 1; attempt <= 3; attempt++) {
          const worker = await fleet.worker();
          // It has counted the attempt, and is about to evaluate.
          await expect
            .poll(async () => (await only())?.parts[0], { timeout: minutes, interval: 2 })
            .toMatchObject({ attempts: attempt, worker: worker.name });
          await worker.stop('SIGKILL');
          if ((await only())?.state === 'done') throw new Error('it was answered before its worker could be killed');
        }
        await fleet.worker();
        expect(String(await answering)).toContain('failed each time');
        const dead = [];
        for await (const { reason, attempts } of backend.queue.dead()) dead.push({ reason, attempts });
        expect(dead).toEqual([{ reason: 'its worker ended', attempts: 4 }]);
      } finally {
        await model.close();
        await fleet.end();
        await backend.close();
        await nats.end();
        rmSync(folder, { recursive: true });
      }
    },
    3 * minutes,
  );
});

function sum(counts: FleetFigures['refused']): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
