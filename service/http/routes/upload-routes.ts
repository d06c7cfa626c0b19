/** Uploads of keys by the tus protocol 1.0.0: the library speaks it, and what it refuses becomes a problem document. */
import { ERRORS, Server } from '@tus/server';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ReadableStream } from 'node:stream/web';
import { z } from 'zod';
import { HepcError, InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { badUpload, bodyTooLarge, unknownUpload, uploadConflict } from '../../../ir/diagnostics/service/http.ts';
import { uploadMetadataSchema } from '../../../runtime/protocol/resources.ts';
import { problemOf } from '../../base/problems.ts';
import { arriving, HandedOn, untilFailure } from '../base/bodies.ts';
import { sendProblem } from '../base/errors.ts';
import { bodyOptions, type ServiceParts } from '../base/parts.ts';
import { problems, type ZodApp } from '../base/schemas.ts';
import { TusStore, UploadLocks } from './tus-store.ts';

const offsetType = 'application/offset+octet-stream';
const path = '/v1/uploads';
const noBody = z.undefined();

export function uploadRoutes(app: ZodApp, parts: () => ServiceParts): void {
  const locks = new UploadLocks();
  const tags = ['keys'];
  app.post(
    '/uploads',
    {
      config: { isWork: true, consumes: offsetType },
      schema: {
        tags,
        summary: 'Begin an upload of evaluation keys (tus 1.0.0, with creation-with-upload)',
        headers: z.object({
          'upload-length': z.string().optional(),
          'upload-metadata': z.string().max(2000).optional(),
        }),
        response: { 201: noBody.describe('Where it goes stands in Location.'), ...problems },
      },
    },
    (request, reply) => handle(request, reply, parts(), locks),
  );
  const schema = { tags, params: z.object({ id: z.string() }) };
  const status = { ...schema, summary: 'How much has arrived; waits for the check of an upload that is whole' };
  app.head('/uploads/:id', { schema: { ...status, response: { 200: noBody, ...problems } } }, (request, reply) =>
    handle(request, reply, parts(), locks),
  );
  const piece = { ...schema, summary: 'Send a piece; the last one is answered when the keys have been checked' };
  app.patch(
    '/uploads/:id',
    { config: { isWork: true, consumes: offsetType }, schema: { ...piece, response: { 204: noBody, ...problems } } },
    (request, reply) => handle(request, reply, parts(), locks),
  );
  const end = { ...schema, summary: 'Give an upload up' };
  app.delete('/uploads/:id', { schema: { ...end, response: { 204: noBody, ...problems } } }, (request, reply) =>
    handle(request, reply, parts(), locks),
  );
}

async function handle(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: ServiceParts,
  locks: UploadLocks,
): Promise<void> {
  const { uploads } = parts;
  const { tenant } = request;
  const handedOn = new HandedOn();
  const ended = new AbortController();
  let failure: unknown;
  const server = new Server({
    path,
    relativeLocation: true,
    locker: locks.of(() => {
      ended.abort();
    }),
    lockDrainTimeout: 300,
    datastore: new TusStore(uploads, tenant, handedOn),
    namingFunction: async (_, given) => {
      const metadata = uploadMetadataSchema.safeParse(given);
      if (!metadata.success) throw refusal('Upload-Metadata needs a digest (SHA-256 in hexadecimal) and a model');
      const length = Number(request.headers['upload-length']);
      if (!(length > 0)) throw refusal('Upload-Length has to be above 0');
      return (await uploads.create(tenant, length, metadata.data)).id;
    },
    onUploadFinish: async (_, { id }) => {
      await uploads.finish(tenant, id);
      return {};
    },
    onResponseError: (_, error) => {
      failure = error;
      return undefined;
    },
  });
  const source = arriving(request.raw, {
    ...bodyOptions(request, parts),
    ...{ limitBytes: Number.MAX_SAFE_INTEGER, ended: ended.signal },
  });
  let broken: unknown;
  const body = handedOn.give(
    untilFailure(source, (error) => {
      broken = error;
    }),
  );
  const response = await server.handleWeb(webRequest(request, body));
  if (broken instanceof HepcError) throw broken;
  if (response.status >= 400) return refuse(request, reply, response, failure);
  for (const [name, value] of response.headers) if (!name.startsWith('access-control-')) reply.header(name, value);
  void reply.code(response.status).send();
}

function refusal(reason: string): HepcError {
  return new HepcError([badUpload({ reason })]);
}

/** Without a body where there is none: HTTP's own framing has been read by Node. */
function webRequest({ method, url, headers, host }: FastifyRequest, body: AsyncIterable<Uint8Array>): Request {
  const named = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' ? [[name, value]] : [],
  );
  const init = { method, headers: named };
  const target = `http://${host === '' ? 'localhost' : 'service'}${url}`;
  if (method !== 'POST' && method !== 'PATCH') return new Request(target, init);
  return new Request(target, { ...init, body: ReadableStream.from(body), duplex: 'half' } as RequestInit);
}

async function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  response: Response,
  failure: unknown,
): Promise<void> {
  if (failure instanceof Error) throw failure;
  const reason = (await response.text()).trim();
  const { status } = response;
  reply.header('tus-resumable', '1.0.0');
  if (status === 412) reply.header('tus-version', '1.0.0');
  const diagnostic =
    status === 404 || status === ERRORS.FILE_NO_LONGER_EXISTS.status_code
      ? unknownUpload({})
      : status === 409
        ? uploadConflict({})
        : status === 413
          ? bodyTooLarge({ limit: 0 })
          : badUpload({ reason });
  if (status === 500) throw new InternalError(`tus: ${reason}`);
  const problem = problemOf(new HepcError([diagnostic]));
  sendProblem(request, reply, status === 412 ? { ...problem, status } : problem);
}
