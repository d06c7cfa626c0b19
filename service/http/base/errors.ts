/** Every error as a problem document: of a handler, of a path that is not there, and of what is not even HTTP. */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Diagnostic, HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import {
  badRequest,
  bodyTooLarge,
  expectationFailed,
  headersTooLarge,
  lengthRequired,
  slowBody,
  unknownRoute,
  wrongContentType,
} from '../../../ir/diagnostics/service/http.ts';
import { type Problem, problemType } from '../../../runtime/protocol/problem.ts';
import { problemOf } from '../../base/problems.ts';
import { BusyError } from '../../jobs/busy-error.ts';

/** Where nothing else is known. */
const retrySeconds = 5;
/** How long the rest of a body that nobody wants may take to arrive before its connection is closed. */
const lingerMs = 5000;

export function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem, retryAfter?: number): void {
  request.problemCode = problem.code;
  reply.header('request-id', request.id);
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="hepc"');
  if (problem.status === 429 || problem.status === 503) reply.header('retry-after', retryAfter ?? retrySeconds);
  void reply
    .code(problem.status)
    .type(problemType)
    .serializer((body: unknown) => JSON.stringify(body))
    .send(problem);
}

export function handleErrors(app: FastifyInstance): void {
  app.setErrorHandler((error: unknown, request, reply) => {
    const problem = problemOf(asDiagnosed(error, request));
    if (problem.code === 'H863') request.log.error({ failure: describe(error) }, 'internal error');
    sendProblem(request, reply, problem, error instanceof BusyError ? error.retryAfterSeconds : undefined);
  });
  app.setNotFoundHandler((request, reply) => {
    sendProblem(request, reply, problemOf(new HepcError([unknownRoute({})])));
  });
  // What is left of a body that was refused is not read for ever.
  app.addHook('onResponse', (request, _, done) => {
    if (!request.raw.complete) {
      // Whoever has read a part of it may still be attached.
      request.raw.removeAllListeners('data').resume();
      // The connection is kept where the rest has come: by then another request may be on it.
      setTimeout(() => {
        if (!request.raw.complete) request.raw.socket.destroy();
      }, lingerMs).unref();
    }
    done();
  });
  app.server.on('checkExpectation', (_, response: ServerResponse) => {
    const problem = problemOf(new HepcError([expectationFailed({})]));
    const body = Buffer.from(JSON.stringify(problem));
    const headers = { 'content-type': problemType, 'content-length': body.length, connection: 'close' };
    response.writeHead(problem.status, headers).end(body);
  });
}

/** The errors of fastify that are the caller's as diagnostics; others as they are. */
function asDiagnosed(error: unknown, request: FastifyRequest): unknown {
  if (!isFastifyError(error)) return error;
  const diagnostic = hasZodFastifySchemaValidationErrors(error)
    ? badRequest({
        reason: error.validation
          .map(({ instancePath, message = '' }) => named(instancePath, error.validationContext, message))
          .join('; '),
      })
    : byCode(error, request);
  return diagnostic === undefined ? error : new HepcError([diagnostic]);
}

function named(path: string, context: string | undefined, message: string): string {
  const [what = ''] = path.split('/').filter((part) => part !== '');
  return [context ?? '', what].filter((part) => part !== '').join(' ') + `: ${message}`;
}

function byCode({ code, statusCode }: FastifyError, request: FastifyRequest): Diagnostic | undefined {
  const expected = request.routeOptions.config.consumes ?? 'no body';
  switch (code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
    case 'FST_ERR_CTP_INVALID_CONTENT_TYPE':
      return wrongContentType({ expected });
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return bodyTooLarge({ limit: 0 });
    case 'FST_ERR_CTP_EMPTY_TYPE':
      return lengthRequired({ what: expected });
    default:
      return statusCode !== undefined && statusCode >= 400 && statusCode < 500
        ? badRequest({ reason: 'the request is malformed' })
        : undefined;
  }
}

function isFastifyError(error: unknown): error is FastifyError {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('FST_');
}

/** For the log: where it happened, and what it says, which is of this machine and not of a request. */
export function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : typeof error;
}

/** What a parser of HTTP refuses is answered before there is a request. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const diagnostic = (clientErrors[error.code ?? ''] ?? (() => badRequest({ reason: 'the request is not HTTP' })))();
  const problem = problemOf(new HepcError([diagnostic]));
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${problem.status} ${problem.status === 400 ? 'Bad Request' : 'Refused'}\r\n` +
      `Content-Type: ${problemType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

const clientErrors: Readonly<Record<string, () => Diagnostic>> = {
  HPE_HEADER_OVERFLOW: () => headersTooLarge({}),
  ERR_HTTP_REQUEST_TIMEOUT: () => slowBody({ seconds: 60 }),
};
