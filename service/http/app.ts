/** The HTTP side of a service: routes, who may use them, and how errors, logs and documents are made. */
import fastifySwagger from '@fastify/swagger';
import { fastify, LogController, type FastifyBaseLogger, type FastifyInstance, type FastifyPluginAsync } from 'fastify';
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import { randomUUID } from 'node:crypto';
import type { ServerOptions } from 'node:https';
import { HepcError, InternalError } from '../../ir/diagnostics/diagnostic.ts';
import {
  badRequest,
  draining,
  forbidden,
  notAcceptable,
  unauthorized,
  wrongContentType,
  wrongMethod,
} from '../../ir/diagnostics/service/http.ts';
import { mediaTypes } from '../../runtime/protocol/media-types.ts';
import { answerClientError, handleErrors, sendProblem } from './base/errors.ts';
import { endSlowReaders } from './base/bodies.ts';
import { accepts } from './base/headers.ts';
import { jobRoutes } from './routes/job-routes.ts';
import { keyRoutes } from './routes/key-routes.ts';
import { logRequests, openLog } from './base/log.ts';
import { modelRoutes } from './routes/model-routes.ts';
import { pageRoutes } from './routes/page-routes.ts';
import type { ServiceParts } from './base/parts.ts';
import type { ZodApp } from './base/schemas.ts';
import { problemOf } from '../base/problems.ts';
import { systemRoutes } from './routes/system-routes.ts';
import { anonymousTenant, metricsTenant } from './base/tenants.ts';
import { uploadRoutes } from './routes/upload-routes.ts';

/** Of fastify. */
export type App = FastifyInstance;

export interface AppOptions {
  readonly parts: ServiceParts;
  readonly version: string;
  readonly tls?: Pick<ServerOptions, 'cert' | 'key'> | undefined;
  readonly maxConnections: number;
}

const headersTimeoutMs = 60_000;
const keepAliveMs = 72_000;
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** Ready to listen; to be closed. */
export async function createApp({ parts, version, tls, maxConnections }: AppOptions): Promise<FastifyInstance> {
  const app = build(() => parts, version, parts, tls);
  app.server.maxConnections = maxConnections;
  app.server.headersTimeout = headersTimeoutMs;
  await app.ready();
  return app;
}

/** The OpenAPI document of the routes. */
export async function openApiDocument(version: string): Promise<unknown> {
  const log = openLog({ to: { write: () => undefined }, level: 'silent' });
  const app = build(
    () => {
      throw new InternalError('there is no service behind a description');
    },
    version,
    { log },
    undefined,
  );
  await app.ready();
  try {
    return app.swagger();
  } finally {
    await app.close();
  }
}

function build(
  parts: () => ServiceParts,
  version: string,
  { log, site }: Pick<ServiceParts, 'log' | 'site'>,
  tls: AppOptions['tls'],
): FastifyInstance {
  const options = {
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    requestIdHeader: false as const,
    genReqId: () => randomUUID(),
    clientErrorHandler: answerClientError,
    forceCloseConnections: true,
    // A body has as long as it keeps moving: `stallSeconds`.
    requestTimeout: 0,
    keepAliveTimeout: keepAliveMs,
    routerOptions: { maxParamLength: 300 },
    frameworkErrors: frameworkError,
  };
  const app: FastifyInstance = tls === undefined ? fastify(options) : fastify({ ...options, https: tls });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.decorateRequest('tenant', '');
  app.decorateRequest('model');
  app.decorateRequest('problemCode');
  app.decorateRequest('traffic');
  app.removeAllContentTypeParsers();
  for (const type of [mediaTypes.ciphertexts, 'application/offset+octet-stream'])
    app.addContentTypeParser(type, { bodyLimit: Number.MAX_SAFE_INTEGER }, (_, payload, done) => {
      done(null, payload);
    });
  app.addHook('onRequest', (request, _, done) => {
    request.traffic = { in: 0, out: 0 };
    done();
  });
  endSlowReaders(app, () => parts().settings.stallSeconds);
  handleErrors(app);
  logRequests(
    app,
    () => parts().log,
    () => parts().metrics,
  );
  app.addHook('preValidation', (request, _, done) => {
    const { produces, consumes } = request.routeOptions.config;
    if (produces !== undefined && !accepts(request.headers.accept, produces))
      throw new HepcError([notAcceptable({ type: produces })]);
    if (consumes !== undefined && (request.headers['content-encoding'] ?? 'identity') !== 'identity')
      throw new HepcError([wrongContentType({ expected: consumes })]);
    done();
  });
  app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'hepc', version, description: 'Encrypted inference: see docs/guide/service-api.md.' },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    },
    transform: jsonSchemaTransform,
  });
  app.register(rootRoutes(parts, site));
  app.register(tenantRoutes(parts), { prefix: '/v1' });
  return app;
}

function rootRoutes(parts: () => ServiceParts, site: ServiceParts['site']): FastifyPluginAsync {
  return async (app) => {
    const allowed = methodsOf(app);
    const typed = app.withTypeProvider<ZodTypeProvider>();
    systemRoutes(typed, parts, () => app.swagger());
    if (site !== undefined) pageRoutes(typed, site);
    refuseOtherMethods(app, allowed);
    await Promise.resolve();
  };
}

function tenantRoutes(parts: () => ServiceParts): FastifyPluginAsync {
  return async (app) => {
    app.addHook('onRequest', (request, _, done) => {
      const { tokens, state } = parts();
      const tenant = tokens === undefined ? anonymousTenant : tokens.tenantOf(request.headers.authorization);
      if (tenant === undefined) throw new HepcError([unauthorized({})]);
      request.tenant = tenant;
      if (tokens !== undefined && tenant === metricsTenant)
        throw new HepcError([forbidden({ what: 'models and keys' })]);
      if (state.draining && request.routeOptions.config.isWork === true) throw new HepcError([draining({})]);
      done();
    });
    const allowed = methodsOf(app);
    const typed = app.withTypeProvider<ZodTypeProvider>() as ZodApp;
    modelRoutes(typed, parts);
    uploadRoutes(typed, parts);
    keyRoutes(typed, parts);
    jobRoutes(typed, parts);
    refuseOtherMethods(app, allowed);
    await Promise.resolve();
  };
}

/** The methods of each path of `app`, as its routes are added. */
function methodsOf(app: FastifyInstance): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ routePath, method }) => {
    const known = found.get(routePath) ?? new Set();
    for (const each of [method].flat()) known.add(each);
    found.set(routePath, known);
  });
  return found;
}

function refuseOtherMethods(app: FastifyInstance, allowed: ReadonlyMap<string, ReadonlySet<string>>): void {
  for (const [url, own] of [...allowed]) {
    const list = [...own];
    const others = methods.filter((each) => !own.has(each));
    app.route({
      method: others,
      url,
      schema: { hide: true },
      exposeHeadRoute: false,
      // Whatever the body is, it is not read.
      onRequest: (request, reply, done) => {
        reply.header('allow', list.join(', '));
        done(new HepcError([wrongMethod({ method: request.method, allowed: list })]));
      },
      handler: () => undefined,
    });
  }
}

/** What the router refuses. */
function frameworkError(
  _: unknown,
  request: Parameters<typeof sendProblem>[0],
  reply: Parameters<typeof sendProblem>[1],
): void {
  sendProblem(request, reply, { ...problemOf(new HepcError([wrongPath])) });
}

const wrongPath = badRequest({ reason: 'the path is malformed' });
