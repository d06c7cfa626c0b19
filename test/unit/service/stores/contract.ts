/** What every backend does; `local-contract.test.ts` and `nats-contract.test.ts` run it. */
import { expect, test } from 'vitest';

import { objectContract } from './contract/objects.ts';
import { queueContract } from './contract/queues.ts';
import { registryContract } from './contract/registries.ts';
import { sequenceContract } from './contract/sequences.ts';
import { type BackendKind, withStore } from './contract/store-under-test.ts';
import { uploadContract } from './contract/uploads.ts';

export function backendContract(kind: BackendKind): void {
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
