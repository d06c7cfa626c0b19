/** Inference: ciphertexts in, ciphertexts out, at once or as a job that is asked about later. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import {
  bodyTooLarge,
  draining,
  jobAsksNothing,
  jobCancelled,
  jobNotDone,
  lengthRequired,
  unknownJob,
  unknownKeys,
} from '../../../ir/diagnostics/service/http.ts';
import { asksHeader, keysHeader, mediaTypes } from '../../../runtime/protocol/media-types.ts';
import { digestSchema, type JobStatus, jobStatusSchema } from '../../../runtime/protocol/resources.ts';
import { problemOf } from '../../base/problems.ts';
import { isOver, type Job } from '../../jobs/job-record.ts';
import type { ServedPlan } from '../../models/served-plan.ts';
import { arriving, leaving } from '../base/bodies.ts';
import { sendProblem } from '../base/errors.ts';
import { eventsOf } from './events.ts';
import { preferencesOf } from '../base/headers.ts';
import { planOf } from './model-routes.ts';
import { bodyOptions, callerSignal, type ServiceParts } from '../base/parts.ts';
import { bytesOf, problems, type ZodApp } from '../base/schemas.ts';

const inferParams = z.object({ id: z.string() });
const resumeHeaders = z.object({
  prefer: z.string().max(1000).optional(),
  'idempotency-key': z.string().min(1).max(200).optional(),
  /** Seconds. */
  'hepc-deadline': z.coerce.number().positive().max(86_400).optional(),
});
const inferHeaders = resumeHeaders.extend({ [keysHeader]: digestSchema });
const jobParams = z.object({ id: z.string() });
const tags = ['inference'];
const result = bytesOf(mediaTypes.ciphertexts, 'The encrypted outputs');

export function jobRoutes(app: ZodApp, parts: () => ServiceParts): void {
  app.post(
    '/models/:id/infer',
    {
      config: { produces: mediaTypes.ciphertexts, consumes: mediaTypes.ciphertexts, isWork: true },
      schema: {
        tags,
        summary: 'Evaluate encrypted inputs; with `Prefer: respond-async` as a job',
        consumes: [mediaTypes.ciphertexts],
        params: inferParams,
        headers: inferHeaders,
        response: {
          200: bytesOf(
            mediaTypes.ciphertexts,
            'The encrypted outputs. Location names the job where it outlives the request.',
          ),
          202: jobStatusSchema.describe('Accepted; Location names the job.'),
          ...problems,
        },
      },
    },
    (request, reply) => {
      const { id } = request.params;
      const all = parts();
      return counted(all, infer({ request, reply, id, headers: request.headers }, all));
    },
  );
  app.post(
    '/jobs/:id/refresh',
    {
      config: { produces: mediaTypes.ciphertexts, consumes: mediaTypes.ciphertexts, isWork: true },
      schema: {
        tags,
        summary: 'Go on with a job that has asked its client to refresh values: the answer is its body',
        consumes: [mediaTypes.ciphertexts],
        params: jobParams,
        headers: resumeHeaders,
        response: {
          200: bytesOf(mediaTypes.ciphertexts, 'The encrypted outputs, or with the header hepc-asks the next request.'),
          202: jobStatusSchema.describe('Accepted; Location names the job, another one.'),
          ...problems,
        },
      },
    },
    (request, reply) => {
      const { id } = request.params;
      const all = parts();
      return counted(all, resume({ request, reply, id, headers: request.headers }, all));
    },
  );
  app.get(
    '/jobs/:id',
    {
      config: { produces: 'application/json' },
      schema: { tags, params: jobParams, summary: 'A job', response: { 200: jobStatusSchema, ...problems } },
    },
    async (request) => {
      const { id } = request.params;
      await existing(request, id, parts());
      for await (const { job, progress } of parts().jobs.watch(request.tenant, id))
        return statusOf(job, progress, parts());
      throw new HepcError([unknownJob({ id: id.slice(0, 100) })]);
    },
  );
  app.get(
    '/jobs/:id/events',
    {
      config: { produces: 'text/event-stream' },
      schema: {
        ...{ tags, params: jobParams, summary: 'The job, and again whenever it changes, until it is over' },
        response: { 200: bytesOf('text/event-stream', 'Server-sent events'), ...problems },
      },
    },
    async (request, reply) => {
      const all = parts();
      const { id } = request.params;
      await existing(request, id, all);
      const signal = callerSignal(reply, all.state);
      const updates = all.jobs.watch(request.tenant, id, signal);
      const events = eventsOf(updates, ({ job, progress }) => statusOf(job, progress, all), signal);
      void reply.header('cache-control', 'no-store').header('x-accel-buffering', 'no').type('text/event-stream');
      return reply.send(Readable.from(outgoing(request, reply, events)));
    },
  );
  app.get(
    '/jobs/:id/result',
    {
      config: { produces: mediaTypes.ciphertexts },
      schema: {
        tags,
        params: jobParams,
        summary: 'The outputs of a job that is done',
        response: { 200: result, ...problems },
      },
    },
    async (request, reply) => {
      const all = parts();
      const { id } = request.params;
      const job = await existing(request, id, all);
      if (!isOver(job)) throw new HepcError([jobNotDone({ state: job.state })]);
      return answer(request, reply, job, all);
    },
  );
  app.delete(
    '/jobs/:id',
    {
      schema: {
        tags,
        params: jobParams,
        summary: 'Cancel a job; of one that is over, remove the result',
        response: { 200: jobStatusSchema, ...problems },
      },
    },
    async (request) => {
      const { id } = request.params;
      const { jobs } = parts();
      const job = await existing(request, id, parts());
      const cancelled = isOver(job) ? undefined : await jobs.cancel(request.tenant, id);
      if (isOver(job)) await jobs.discard(job);
      const last = cancelled ?? job;
      return statusOf(last, progressOf(last), parts());
    },
  );
}

/** Throws H842. */
async function existing({ tenant }: FastifyRequest, id: string, { jobs }: ServiceParts): Promise<Job> {
  const job = await jobs.get(tenant, id);
  if (job === undefined) throw new HepcError([unknownJob({ id: id.slice(0, 100) })]);
  return job;
}

/** Counts work while it is under way: a server that stops waits for it. */
async function counted<T>({ state }: ServiceParts, work: Promise<T>): Promise<T> {
  state.running++;
  try {
    return await work;
  } finally {
    state.running--;
  }
}

interface Inference<Headers = z.output<typeof inferHeaders>> {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Of the model, or of the job that is resumed. */
  readonly id: string;
  readonly headers: Headers;
}

async function infer(inference: Inference, parts: ServiceParts): Promise<FastifyReply> {
  const { id, headers, request } = inference;
  const plan = planOf(parts.catalogue, id);
  request.model = plan.id;
  return evaluate(inference, { plan, digest: headers[keysHeader] }, parts);
}

/** Rejects with H880 for a job that has asked for nothing. */
async function resume(
  inference: Inference<z.output<typeof resumeHeaders>>,
  parts: ServiceParts,
): Promise<FastifyReply> {
  const { id, request } = inference;
  const job = await existing(request, id, parts);
  const plan = planOf(parts.catalogue, parts.catalogue.byDigest(job.plan)?.id ?? job.plan);
  if (job.asks === undefined) throw new HepcError([jobAsksNothing({ state: job.state })]);
  request.model = plan.id;
  return evaluate(inference, { plan, digest: job.keys, resumes: job }, parts);
}

/** What a job is to be made of. */
interface Work {
  readonly plan: ServedPlan;
  /** Of the keys. */
  readonly digest: string;
  readonly resumes?: Job;
}

async function evaluate(
  { request, reply, headers }: Pick<Inference<z.output<typeof resumeHeaders>>, 'request' | 'reply' | 'headers'>,
  { plan, digest, resumes }: Work,
  parts: ServiceParts,
): Promise<FastifyReply> {
  const { keys, jobs, settings, state, metrics } = parts;
  const { tenant } = request;
  if (request.body === undefined || request.headers['content-length'] === '0')
    throw new HepcError([lengthRequired({ what: mediaTypes.ciphertexts })]);
  if (Number(request.headers['content-length']) > settings.maxInputBytes)
    throw new HepcError([bodyTooLarge({ limit: settings.maxInputBytes })]);
  const known = await keys.find(tenant, digest);
  if (known === undefined) throw new HepcError([unknownKeys({ digest })]);
  const record = await keys.use(known, plan);
  const { respondAsync, wait } = preferencesOf(headers.prefer);
  const name = headers['idempotency-key'];
  // Alone, `wait` is all the time there is; beside `respond-async` it says when to answer with the job.
  const patience = headers['hepc-deadline'] ?? (respondAsync ? undefined : wait);
  const signal = callerSignal(reply, state);
  const start = performance.now();
  const inputs = arriving(request.raw, {
    ...bodyOptions(request, parts),
    ...{ limitBytes: settings.maxInputBytes, inPassing: true },
  });
  // A caller that names its request comes back for it, so that it goes on without him; so does a client that is to refresh.
  const outlives = respondAsync || name !== undefined || plan.part.refreshes !== undefined;
  const submitted = await jobs.submit(
    {
      ...{ tenant, plan, keys: record, inputs, durable: outlives, ...(resumes && { resumes }) },
      deadlineSeconds: Math.min(settings.deadlineSeconds, patience ?? Infinity),
      ...(name !== undefined && { idempotencyKey: name }),
    },
    signal,
  );
  metrics.step('receive', performance.now() - start);
  // Nobody else can come back for it.
  if (!outlives) reply.raw.once('close', () => void jobs.discard(submitted).catch(() => undefined));
  const limits = respondAsync ? [signal, AbortSignal.timeout(1000 * (wait ?? 0))] : [signal];
  if (respondAsync) reply.header('preference-applied', 'respond-async');
  else if (wait !== undefined) reply.header('preference-applied', `wait=${wait}`);
  const job =
    (respondAsync && (wait ?? 0) === 0 ? undefined : await ending(submitted, AbortSignal.any(limits), parts)) ??
    submitted;
  // Whoever can come back for it can also say that he will not.
  if (outlives) reply.header('location', `/v1/jobs/${job.id}`);
  if (isOver(job)) {
    if (!parts.works) metrics.ended(job);
    return answer(request, reply, job, parts);
  }
  if (!signal.aborted && respondAsync) {
    reply.code(202).type('application/json');
    return reply.send(statusOf(job, progressOf(job), parts));
  }
  if (!outlives) await jobs.cancel(tenant, job.id);
  // To nobody, where the caller has gone.
  throw new HepcError([draining({})]);
}

/** The job once it is over; `undefined` where `signal` aborts before. */
async function ending(job: Job, signal: AbortSignal, { jobs }: ServiceParts): Promise<Job | undefined> {
  if (isOver(job)) return job;
  try {
    for await (const { job: now } of jobs.watch(job.tenant, job.id, signal)) if (isOver(now)) return now;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return undefined;
}

/** What became of a job that is over. */
async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  job: Job,
  parts: ServiceParts,
): Promise<FastifyReply> {
  if (job.state === 'cancelled') throw new HepcError([jobCancelled({})]);
  const outputs = job.state === 'done' ? await parts.jobs.result(job.tenant, job.id) : undefined;
  if (outputs === undefined || job.output === undefined) {
    sendProblem(request, reply, job.problem ?? problemOf(undefined));
    return reply;
  }
  const total = (job.endedAt ?? job.submittedAt) - job.submittedAt;
  void reply
    .type(mediaTypes.ciphertexts)
    .headers(job.asks === undefined ? {} : { [asksHeader]: job.asks })
    .header('content-length', job.output.bytes)
    .header('server-timing', `job;dur=${total.toFixed(0)}, evaluation;dur=${evaluationMs(job).toFixed(1)}`)
    .header('cache-control', 'no-store');
  return reply.send(Readable.from(outgoing(request, reply, outputs)));
}

function outgoing(
  { traffic }: FastifyRequest,
  { raw }: FastifyReply,
  source: AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  return leaving(source, raw, (bytes) => {
    traffic.out += bytes;
  });
}

function statusOf(job: Job, progress: number, { catalogue }: Pick<ServiceParts, 'catalogue'>): JobStatus {
  const { id, plan, state, samples, submittedAt, expiresAt, problem, asks } = job;
  return {
    ...{ id, model: catalogue.byDigest(plan)?.id ?? plan, state, samples, progress },
    submitted: new Date(submittedAt).toISOString(),
    expires: new Date(expiresAt).toISOString(),
    ...(isOver(job) && { evaluationMs: evaluationMs(job) }),
    ...(asks !== undefined && { asks }),
    ...(problem && { problem }),
  };
}

function progressOf({ parts }: Job): number {
  return parts.filter(({ state }) => state === 'done').length / parts.length;
}

function evaluationMs({ parts }: Job): number {
  return parts.reduce((sum, { milliseconds = 0 }) => sum + milliseconds, 0);
}
