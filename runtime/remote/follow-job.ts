/** Waits for a job: by the server's events (server-sent events), and by asking where these break off. */
import { createParser } from 'eventsource-parser';
import { type JobStatus, jobStatusSchema } from '../protocol/resources.ts';
import { type Connection, pause } from './connection.ts';
import { parseJson } from './parse-json.ts';

export interface FollowOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** Between two questions, where there are no events. */
const askMs = 1000;

/** The job when it is over, however it has ended. Rejects as `Connection.request` does. */
export async function followJob(
  connection: Connection,
  id: string,
  { signal, onProgress }: FollowOptions,
): Promise<JobStatus> {
  for (;;) {
    await listen(connection, id, signal, (job) => {
      onProgress?.(job.progress);
      return isOver(job);
    });
    // What the last event said is asked once more: events may be lost, the record is the truth.
    const job = await connection.json(`v1/jobs/${id}`, jobStatusSchema, signal);
    onProgress?.(job.progress);
    if (isOver(job)) return job;
    await pause(askMs, signal);
  }
}

function isOver({ state }: JobStatus): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled';
}

/** Resolves when the events end, for whatever reason, or when `onJob` says that it has heard enough. */
async function listen(
  connection: Connection,
  id: string,
  signal: AbortSignal | undefined,
  onJob: (job: JobStatus) => boolean,
): Promise<void> {
  const enough = new AbortController();
  const either = signal === undefined ? enough.signal : AbortSignal.any([signal, enough.signal]);
  const parser = createParser({
    onEvent: ({ data }) => {
      const job = jobStatusSchema.safeParse(parseJson(data));
      if (job.success && onJob(job.data)) enough.abort();
    },
  });
  try {
    const response = await connection.request(`v1/jobs/${id}/events`, {
      headers: { accept: 'text/event-stream' },
      signal: either,
    });
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) parser.feed(decoder.decode(chunk, { stream: true }));
  } catch (error) {
    signal?.throwIfAborted();
    if (!enough.signal.aborted && !isBroken(error)) throw error;
  }
}

/** A connection that broke, as opposed to a refusal. */
function isBroken(error: unknown): boolean {
  return error instanceof TypeError;
}
