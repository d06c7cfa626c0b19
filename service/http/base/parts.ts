/** What the routes of a service are made of, and what they note about a request. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { ServiceSettings } from '../../base/settings.ts';
import type { Evaluator } from '../../evaluation/evaluator.ts';
import type { Jobs } from '../../jobs/jobs.ts';
import type { Keys } from '../../keys/keys.ts';
import type { KeyUploads } from '../../keys/key-uploads.ts';
import type { Catalogue } from '../../models/catalogue.ts';
import type { Site } from '../../site/site.ts';
import type { Backend } from '../../stores/backend.ts';
import type { Metrics } from './metrics.ts';
import type { Tokens } from './tenants.ts';

export interface ServiceParts {
  readonly settings: ServiceSettings;
  readonly backend: Backend;
  readonly catalogue: Catalogue;
  readonly keys: Keys;
  readonly uploads: KeyUploads;
  readonly jobs: Jobs;
  readonly evaluator: Evaluator;
  /** Absent where everybody is the same tenant. */
  readonly tokens: Tokens | undefined;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly state: ServiceState;
  /** Whether this process evaluates: its worker tells of the ends of jobs then. */
  readonly works: boolean;
  /** A page at the root, where there is one. */
  readonly site?: Site | undefined;
}

export class ServiceState {
  /** Nothing new is begun. */
  draining = false;
  /** What is still under way is given up. */
  readonly stopped = new AbortController();
  /** Requests for inference that are being answered. */
  running = 0;
}

/** Bytes of bodies. */
export interface Traffic {
  in: number;
  out: number;
}

declare module 'fastify' {
  interface FastifyRequest {
    tenant: string;
    traffic: Traffic;
    /** Of the model, where the request is for one. */
    model: string | undefined;
    /** Of the problem, where it is answered by one. */
    problemCode: string | undefined;
  }
  interface FastifyContextConfig {
    /** Media type of what is answered. */
    produces?: string;
    /** Media type of the body that is taken. */
    consumes?: string;
    /** Refused while the service drains. */
    isWork?: boolean;
  }
}

/** Aborts when the caller goes away before he is answered, or the service stops. */
export function callerSignal(reply: FastifyReply, { stopped }: ServiceState): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  if (reply.raw.closed) gone.abort();
  return AbortSignal.any([gone.signal, stopped.signal]);
}

export function bodyOptions(request: FastifyRequest, { settings }: Pick<ServiceParts, 'settings'>) {
  return {
    stallSeconds: settings.stallSeconds,
    onBytes: (bytes: number): void => {
      request.traffic.in += bytes;
    },
  };
}
