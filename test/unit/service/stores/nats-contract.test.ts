import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe } from 'vitest';

import { openNatsBackend } from '../../../../service/stores/nats/open.ts';
import { type NatsServer, natsServerPath, startNatsServer } from '../../../support/nats-server.ts';
import { backendContract } from './contract.ts';

const name = natsServerPath === undefined ? 'skipped: there is no nats-server 2.11 (HEPC_NATS_SERVER, PATH)' : 'nats';

describe.skipIf(natsServerPath === undefined)(name, () => {
  let server: NatsServer | undefined;
  let opened = 0;
  beforeAll(async () => {
    server = await startNatsServer();
  });
  afterAll(async () => {
    await server?.end();
  });

  backendContract({
    open: async (leaseSeconds) => {
      const url = server?.url ?? '';
      const cacheFolder = await mkdtemp(join(tmpdir(), 'hepc-cache-'));
      const prefix = `test${++opened}`;
      const open = () => openNatsBackend(url, { leaseSeconds, prefix, storeBytes: 2 ** 26, cacheFolder });
      let backend = await open();
      return {
        backend,
        reopen: async () => {
          await backend.close();
          backend = await open();
          return backend;
        },
        end: async () => {
          await backend.close();
          await rm(cacheFolder, { recursive: true });
        },
      };
    },
  });
});
