import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openLocalBackend } from '../../../../service/stores/local/open.ts';
import { backendContract } from './contract.ts';

backendContract({
  open: async (leaseSeconds) => {
    const folder = await mkdtemp(join(tmpdir(), 'hepc-store-'));
    let backend = await openLocalBackend(folder, { leaseSeconds });
    return {
      backend,
      reopen: async () => {
        await backend.close();
        backend = await openLocalBackend(folder, { leaseSeconds });
        return backend;
      },
      end: async () => {
        await backend.close();
        await rm(folder, { recursive: true });
      },
    };
  },
});
