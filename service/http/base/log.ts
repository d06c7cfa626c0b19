/**
 * The log: one JSON object a line. What is logged of a request is listed here field by field, so that no token, key,
 * ciphertext or query gets into it, whatever a request holds.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { destination, type Logger, pino } from 'pino';
import type { LogLevel } from '../../base/log-levels.ts';
import type { Metrics } from './metrics.ts';

export interface LogOptions {
  /** A file, `-` for the standard error, or what takes lines. */
  readonly to: string | { write(line: string): void };
  readonly level: LogLevel;
}

export function openLog({ to, level }: LogOptions): Logger {
  const stream =
    typeof to !== 'string' ? to : destination(to === '-' ? { dest: 2 } : { dest: to, mkdir: false, mode: 0o640 });
  const nothing = (): undefined => undefined;
  const serializers = {
    req: nothing,
    res: nothing,
    err: (error: unknown) => (error instanceof Error ? error.name : 'unknown'),
  };
  return pino({ level, base: null, serializers }, stream);
}

/** A line for each request, and its numbers into the metrics. */
export function logRequests(app: FastifyInstance, log: () => Logger, metrics: () => Metrics): void {
  const ended = (request: FastifyRequest, status: number | undefined, milliseconds: number): void => {
    const { id, tenant, method, model, problemCode, traffic } = request;
    const route = request.routeOptions.url ?? 'none';
    if (status !== undefined) metrics().answered(route, method, status, milliseconds);
    metrics().transferred('in', traffic.in);
    metrics().transferred('out', traffic.out);
    const line = {
      ...{ request: id, tenant, method, route, status: status ?? 'gone', in: traffic.in, out: traffic.out },
      ms: Math.round(10 * milliseconds) / 10,
      ...(model !== undefined && { model: model.slice(0, 100) }),
      ...(problemCode !== undefined && { code: problemCode }),
    };
    if (status !== undefined && status >= 500) log().warn(line, 'request');
    else log().info(line, 'request');
  };
  app.addHook('onSend', (request, reply, payload, done) => {
    if (typeof payload === 'string' || Buffer.isBuffer(payload)) request.traffic.out += Buffer.byteLength(payload);
    reply.header('request-id', request.id);
    done(null, payload);
  });
  app.addHook('onResponse', (request, reply, done) => {
    ended(request, reply.raw.writableFinished ? reply.statusCode : undefined, reply.elapsedTime);
    done();
  });
}
