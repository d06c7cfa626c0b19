/** The files of a page, with what keeps a browser from doing anything else with them. */
import type { FastifyReply } from 'fastify';
import type { Site, SiteFile } from '../../site/site.ts';
import { isKnown } from '../base/headers.ts';
import type { ZodApp } from '../base/schemas.ts';

export function pageRoutes(app: ZodApp, site: Site): void {
  for (const [path, file] of site)
    app.get(`/${path}`, { schema: { hide: true } }, (request, reply) => {
      protect(reply, file);
      if (isKnown(request.headers['if-none-match'], file.tag)) return reply.code(304).send();
      return reply.type(file.type).send(Buffer.from(file.bytes));
    });
}

function protect(reply: FastifyReply, { policy, isHashed, tag }: SiteFile): void {
  reply
    .header('content-security-policy', policy)
    .header('x-content-type-options', 'nosniff')
    .header('referrer-policy', 'no-referrer')
    .header('cross-origin-resource-policy', 'same-origin')
    .header('cross-origin-opener-policy', 'same-origin')
    .header('permissions-policy', 'camera=(), microphone=(), geolocation=()')
    .header('etag', tag)
    .header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
}
