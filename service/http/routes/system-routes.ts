/** What machines ask a service about itself. */
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { draining, forbidden, unauthorized } from '../../../ir/diagnostics/service/http.ts';
import { metricsTenant } from '../base/tenants.ts';
import type { ServiceParts } from '../base/parts.ts';
import { z } from 'zod';
import { bytesOf, problems, type ZodApp } from '../base/schemas.ts';

const readySchema = z.object({ ready: z.literal(true) });
const tags = ['operation'];

export function systemRoutes(app: ZodApp, parts: () => ServiceParts, openApi: () => unknown): void {
  const health = z.object({ alive: z.literal(true) });
  app.get(
    '/healthz',
    { schema: { tags, summary: 'Whether the process answers', response: { 200: health, ...problems } } },
    () => ({ alive: true as const }),
  );
  app.get(
    '/readyz',
    {
      schema: {
        ...{ tags, summary: 'Whether requests are taken: store and evaluator answer, and nothing drains' },
        response: { 200: readySchema, ...problems },
      },
    },
    async () => {
      const { state, backend, evaluator } = parts();
      if (state.draining) throw new HepcError([draining({})]);
      await backend.check();
      await evaluator.usage();
      return { ready: true as const };
    },
  );
  app.get(
    '/metrics',
    {
      config: { produces: 'text/plain' },
      schema: {
        ...{ tags, summary: 'Metrics for Prometheus; where there are tokens, for that of the name `metrics`' },
        response: { 200: bytesOf('text/plain', 'Text format'), ...problems },
      },
    },
    async (request, reply) => {
      const { tokens, metrics } = parts();
      if (tokens !== undefined) {
        const tenant = tokens.tenantOf(request.headers.authorization);
        if (tenant === undefined) throw new HepcError([unauthorized({})]);
        if (tenant !== metricsTenant) throw new HepcError([forbidden({ what: 'metrics' })]);
        request.tenant = tenant;
      }
      return reply.type(metrics.contentType).send(await metrics.text());
    },
  );
  app.get('/openapi.json', { schema: { hide: true } }, openApi);
}
