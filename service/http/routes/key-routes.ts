/** Keys that the caller has uploaded. */
import { z } from 'zod';
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { unknownKeys } from '../../../ir/diagnostics/service/http.ts';
import { digestSchema, keyListSchema, type Keys, keysSchema } from '../../../runtime/protocol/resources.ts';
import { parametersDigest } from '../../../runtime/seal/bytes/client-part-digest.ts';
import type { KeyRecord } from '../../keys/key-record.ts';
import type { Catalogue } from '../../models/catalogue.ts';
import type { ServiceParts } from '../base/parts.ts';
import { problems, type ZodApp } from '../base/schemas.ts';

const params = z.object({ digest: digestSchema });
const tags = ['keys'];
const json = { produces: 'application/json' };

export function keyRoutes(app: ZodApp, parts: () => ServiceParts): void {
  app.get(
    '/keys',
    {
      config: json,
      schema: { tags, summary: 'The keys of the caller', response: { 200: keyListSchema, ...problems } },
    },
    async ({ tenant }) => {
      const { keys, catalogue } = parts();
      return { keys: (await keys.list(tenant)).map((record) => resourceOf(record, catalogue)) };
    },
  );
  app.get(
    '/keys/:digest',
    {
      config: json,
      schema: {
        tags,
        params,
        summary: 'Whether keys are there, and whole',
        response: { 200: keysSchema, ...problems },
      },
    },
    async ({ tenant, params: { digest } }) => {
      const { keys, catalogue } = parts();
      const record = await keys.findWhole(tenant, digest);
      if (record === undefined) throw new HepcError([unknownKeys({ digest })]);
      return resourceOf(record, catalogue);
    },
  );
  app.delete(
    '/keys/:digest',
    { schema: { tags, params, summary: 'Delete keys', response: { 204: z.undefined(), ...problems } } },
    async ({ tenant, params: { digest } }, reply) => {
      if (!(await parts().keys.delete(tenant, digest))) throw new HepcError([unknownKeys({ digest })]);
      return reply.code(204).send();
    },
  );
}

function resourceOf({ digest, keyId, plans, bytes, expiresAt }: KeyRecord, catalogue: Catalogue): Keys {
  const served = catalogue.list();
  const parameters = new Set(
    served.filter((plan) => plans.includes(plan.digest)).map(({ part }) => parametersDigest(part)),
  );
  const fits = served.filter(({ boundTo, part }) => {
    return (boundTo === undefined || boundTo === keyId) && parameters.has(parametersDigest(part));
  });
  return { digest, keyId, models: fits.map(({ id }) => id), bytes, expires: new Date(expiresAt).toISOString() };
}
