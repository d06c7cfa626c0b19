/** Records of jobs in a registry, read by their schema, and what stands beside them in the stores. */
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { unreadableRecord } from '../../ir/diagnostics/service/jobs.ts';
import type { Backend } from '../stores/backend.ts';
import type { Entry, Json } from '../stores/registry.ts';
import { isOver, type Job, jobSchema } from './job-record.ts';

const prefix = 'jobs';

/** A message about a job to whoever waits for it. */
export type JobSignal =
  | { readonly kind: 'changed'; readonly over: boolean }
  | { readonly kind: 'progress'; readonly part: number; readonly fraction: number };

export class JobStore {
  private readonly backend: Backend;
  private readonly onEnd: (job: Job) => void;

  /** `onEnd` is told of each job that this store ends: a job ends once, in whichever process. */
  constructor(backend: Backend, onEnd: (job: Job) => void = () => undefined) {
    this.backend = backend;
    this.onEnd = onEnd;
  }

  /** Rejects with `HepcError` (H826) for a record that is not one. */
  async get(id: string): Promise<Job | undefined> {
    const entry = await this.backend.registry.get(nameOf(id));
    return entry && parse(entry);
  }

  /** False where there is one of that id. */
  async create(job: Job): Promise<boolean> {
    const { durable } = job;
    const options = { durable, transient: !durable };
    return (await this.backend.registry.create(nameOf(job.id), jsonOf(job), options)) !== undefined;
  }

  /**
   * Changes a job by a transition, again from the start where somebody else was faster, and tells who waits for it.
   * `job` is as it is then, `undefined` where there is none; `changed` whether this call has changed it.
   */
  async change(
    id: string,
    transition: (job: Job) => Job | undefined,
  ): Promise<{ readonly job: Job | undefined; readonly changed: boolean }> {
    const { registry } = this.backend;
    for (;;) {
      const entry = await registry.get(nameOf(id));
      if (entry === undefined) return { job: undefined, changed: false };
      const before = parse(entry);
      const after = transition(before);
      if (after === undefined) return { job: before, changed: false };
      // What happens between acceptance and end may be lost with the machine: it is done again then.
      const options = { durable: after.durable && isOver(after), transient: !after.durable };
      if ((await registry.update(entry, jsonOf(after), options)) === undefined) continue;
      if (after.state !== before.state || after.parts !== before.parts) {
        this.send(id, { kind: 'changed', over: isOver(after) });
        if (isOver(after)) {
          if (!isOver(before)) this.onEnd(after);
          await this.clear(after);
        }
      }
      return { job: after, changed: true };
    }
  }

  send(id: string, signal: JobSignal): void {
    this.backend.signals.send(nameOf(id), { ...signal });
  }

  listen(id: string, onSignal: (signal: JobSignal) => void): Promise<() => void> {
    return this.backend.signals.listen(nameOf(id), (message) => {
      const signal = readSignal(message);
      if (signal !== undefined) onSignal(signal);
    });
  }

  /** All that can be read; damaged records are told to `onDamaged`. */
  async *list(onDamaged: (name: string, error: HepcError) => void): AsyncIterable<Job> {
    for await (const entry of this.backend.registry.list(prefix)) {
      try {
        yield parse(entry);
      } catch (error) {
        if (!(error instanceof HepcError)) throw error;
        onDamaged(entry.name, error);
      }
    }
  }

  /** Removes the record and the result. */
  async remove(job: Job): Promise<void> {
    await this.clear(job);
    await this.backend.objects.delete('outputs', job.id);
    if (job.asks !== undefined) await this.backend.objects.delete('outputs', pausedOutput(job.id));
    const entry = await this.backend.registry.get(nameOf(job.id));
    if (entry !== undefined) await this.backend.registry.delete(entry);
  }

  /** Removes what a job that is over needs no more. What cannot be removed now is found by a later sweep. */
  private async clear({ id, parts }: Job): Promise<void> {
    const { objects } = this.backend;
    const outputs = parts.length === 1 ? [] : parts.map((_, part) => partOutput(id, part, parts.length));
    await Promise.allSettled([objects.delete('inputs', id), ...outputs.map((name) => objects.delete('outputs', name))]);
  }
}

/** Name of the object that holds the outputs of a part; of a job with one part these are the result. */
export function partOutput(id: string, part: number, parts: number): string {
  return parts === 1 ? id : `${id}-${part}`;
}

/** Name of the object in `outputs` that an evaluation is resumed from which waits for its client. */
export function pausedOutput(id: string): string {
  return `${id}-paused`;
}

/** Of the name of an object in `inputs` or `outputs`: the job that it belongs to. */
export function jobOfObject(name: string): string {
  return name.slice(0, 22);
}

function nameOf(id: string): string {
  return `${prefix}.${id}`;
}

function parse({ name, value }: Entry): Job {
  const parsed = jobSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const reason = issue === undefined ? 'it does not fit' : `${issue.path.join('.')}: ${issue.message}`;
  throw new HepcError([unreadableRecord({ what: name, reason })]);
}

/** Fields that are undefined are left out, as JSON leaves them out. */
function jsonOf(job: Job): Json {
  return JSON.parse(JSON.stringify(job)) as Json;
}

function readSignal(message: Json): JobSignal | undefined {
  if (typeof message !== 'object' || message === null || !('kind' in message)) return undefined;
  const { kind } = message;
  if (kind === 'changed') return { kind, over: message['over'] === true };
  const { part, fraction } = message;
  if (kind === 'progress' && typeof part === 'number' && typeof fraction === 'number') return { kind, part, fraction };
  return undefined;
}
