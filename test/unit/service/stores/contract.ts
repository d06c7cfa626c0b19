/** What every backend does; `local-contract.test.ts` and `nats-contract.test.ts` run it. */
import { describe, expect, test } from 'vitest';

import { objectContract } from './contract/objects.ts';
import { queueContract } from './contract/queues.ts';
import { registryContract } from './contract/registries.ts';
import { sequenceContract } from './contract/sequences.ts';
import { type BackendKind, withStore } from './contract/store-under-test.ts';
import { uploadContract } from './contract/uploads.ts';

/** At once, for some of it waits for leases to end; each test has a store of its own. */
export function backendContract(kind: BackendKind): void {
  describe.concurrent('a backend', () => {
    tests(kind);
  });
}

function tests(kind: BackendKind): void {
  test('it answers', async () => {
    await withStore(kind, async ({ backend, reopen }) => {
      await expect(backend.check()).resolves.toBeUndefined();
      await expect((await reopen()).check()).resolves.toBeUndefined();
    });
  });
  objectContract(kind);
  registryContract(kind);
  uploadContract(kind);
  queueContract(kind);
  sequenceContract(kind);
}
