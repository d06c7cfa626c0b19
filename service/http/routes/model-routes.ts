/** Models: which there are, and what a client needs of one. */
import { Readable } from 'node:stream';
import { z } from 'zod';
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { unknownModel, unknownRoute } from '../../../ir/diagnostics/service/http.ts';
import { mediaTypes } from '../../../runtime/protocol/media-types.ts';
import { modelSchema, modelsSchema } from '../../../runtime/protocol/resources.ts';
import type { Catalogue } from '../../models/catalogue.ts';
import { modelOf, type ServedPlan } from '../../models/served-plan.ts';
import { isKnown } from '../base/headers.ts';
import type { ServiceParts } from '../base/parts.ts';
import { bytesOf, problems, type ZodApp } from '../base/schemas.ts';

const params = z.object({ id: z.string() });
const tags = ['models'];
const json = { produces: 'application/json' };

export function modelRoutes(app: ZodApp, parts: () => ServiceParts): void {
  app.get(
    '/models',
    { config: json, schema: { tags, summary: 'All models', response: { 200: modelsSchema, ...problems } } },
    () => ({ models: parts().catalogue.list().map(modelOf) }),
  );
  app.get(
    '/models/:id',
    { config: json, schema: { tags, params, summary: 'A model', response: { 200: modelSchema, ...problems } } },
    (request) => modelOf(planOf(parts().catalogue, (request.model = request.params.id))),
  );
  app.get(
    '/models/:id/client',
    {
      config: { produces: mediaTypes.clientPart },
      schema: {
        ...{ tags, params, summary: 'The client part of the plan, with its SHA-256 as a strong ETag' },
        headers: z.object({ 'if-none-match': z.string().optional() }),
        response: {
          200: bytesOf(mediaTypes.clientPart, 'The client part'),
          304: z.undefined().describe('It is the one that the client has.'),
          ...problems,
        },
      },
    },
    (request, reply) => {
      const plan = planOf(parts().catalogue, (request.model = request.params.id));
      const tag = `"${plan.clientDigest}"`;
      reply.header('etag', tag).header('cache-control', 'no-cache');
      if (isKnown(request.headers['if-none-match'], tag)) return reply.code(304).send();
      return reply.type(mediaTypes.clientPart).send(Buffer.from(plan.clientPart));
    },
  );
  app.get(
    '/models/:id/report',
    {
      config: { produces: 'text/html' },
      schema: {
        ...{ tags, params, summary: 'The report of the plan as a page' },
        response: { 200: bytesOf('text/html', 'A page without scripts'), ...problems },
      },
    },
    async (request, reply) => {
      const { catalogue, backend } = parts();
      const { report } = planOf(catalogue, (request.model = request.params.id));
      const page = report === undefined ? undefined : await backend.objects.read('plans', report);
      if (page === undefined) throw new HepcError([unknownRoute({})]);
      return reply
        .type('text/html; charset=utf-8')
        .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; sandbox")
        .send(Readable.from(page));
    },
  );
}

/** Throws H840. */
export function planOf(catalogue: Catalogue, id: string): ServedPlan {
  const plan = catalogue.byId(id);
  if (plan === undefined)
    throw new HepcError([unknownModel({ id: id.slice(0, 200), suggestion: catalogue.nearest(id) })]);
  return plan;
}
