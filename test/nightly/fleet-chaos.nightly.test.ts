/**
 * A fleet of a front and three workers whose processes are killed during 500 jobs: each is answered once and rightly, or
 * refused with a reason. HEPC_SEED draws other choices, HEPC_FLEET_JOBS makes it more or fewer.
 */
import { describe, expect, test } from 'vitest';
import { type FleetFigures, measureFleet } from '../../bench/serve/fleet.ts';
import { fuzzSeed } from '../fuzz/seed.ts';
import { smallPlan } from '../fuzz/targets/small-plan.ts';
import { natsServerPath } from '../support/nats-server.ts';

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
});

function sum(counts: FleetFigures['refused']): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
