/** What the page of the browser tests does. The tests bundle it with the package as it is published, and call it. */
import { Client, HepcError } from '../../../runtime/client-library.ts';
import { readPlan, Server, type ServerOptions, type ServerSession } from '../../../runtime/server-library.ts';
import { type RandomAccess, sampleSource, WorkerClient } from '../../../runtime/worker-client/library.ts';

/** Values by the name of the input. */
type PageSample = Readonly<Record<string, readonly number[]>>;

export interface PageTask {
  readonly options: ServerOptions;
  readonly sample: PageSample;
}

type Outputs = Readonly<Record<string, readonly number[]>>;

export interface PageResult {
  readonly isIsolated: boolean;
  readonly engine: string;
  /** Codes of the server's remarks. */
  readonly remarks: readonly string[];
  /** What became of an evaluation that was aborted at its first sign of progress, and how far that had come. */
  readonly aborted: string;
  readonly abortedAt: number;
  /** Of an evaluation after that one. */
  readonly outputs: Outputs;
}

/** Keys, encryption, an evaluation that is aborted and one that is not, decryption. A `HepcError` as its codes. */
async function evaluateInPage({ options, sample }: PageTask): Promise<PageResult | readonly string[]> {
  const plan = readPlan(await fetchPlan(), 'plan.hep');
  const client = await Client.create(plan.client);
  let server: Server | undefined;
  try {
    server = await Server.create(plan, options);
    const session = await server.openSession(client.generateKeys().evaluationKeys);
    const inputs = client.encrypt([sample]);
    const abort = await abortEvaluation(session, inputs);
    const [outputs = new Map<string, Float64Array>()] = client.decrypt((await session.evaluate(inputs)).outputs, {
      raw: true,
    });
    return {
      isIsolated: crossOriginIsolated,
      engine: server.engineName,
      remarks: server.remarks.map(({ code }) => code),
      ...abort,
      outputs: listed(outputs),
    };
  } catch (error) {
    if (error instanceof HepcError) return error.diagnostics.map(({ code }) => code);
    throw error;
  } finally {
    client.close();
    await server?.close();
  }
}

async function abortEvaluation(
  session: ServerSession,
  inputs: Uint8Array,
): Promise<Pick<PageResult, 'aborted' | 'abortedAt'>> {
  const controller = new AbortController();
  let abortedAt = 0;
  const onProgress = (fraction: number): void => {
    abortedAt = fraction;
    controller.abort('enough');
  };
  try {
    await session.evaluate(inputs, { signal: controller.signal, onProgress });
    return { aborted: 'not at all', abortedAt };
  } catch (reason) {
    return { aborted: String(reason), abortedAt };
  }
}

export interface WorkerPageResult {
  /** Of the thread of the page, while the client worked: milliseconds of its longest task, 0 where all took below 50. */
  readonly longestTask: number;
  /** Milliseconds of the whole. */
  readonly time: number;
  /** Calls of `onProgress` while keys were made. */
  readonly progress: number;
  readonly aborted: string;
  readonly keyBytes: number;
  readonly outputs: Outputs;
}

/** As `evaluateInPage`, with the client in a worker; what is not the client's is not counted. */
async function useWorkerClient(sample: PageSample): Promise<WorkerPageResult> {
  const plan = await fetchPlan();
  const tasks = new LongTasks();
  const start = performance.now();
  const client = await WorkerClient.create(plan);
  const controller = new AbortController();
  const onAborted = (): void => {
    controller.abort('enough');
  };
  const aborted = await client
    .generateKeys({ signal: controller.signal, onProgress: onAborted })
    .then(() => 'not at all', String);
  let progress = 0;
  const keys = await client.generateKeys({ onProgress: () => progress++ });
  const inputs = await client.encrypt([sample]);
  const timeUntilSent = performance.now() - start;
  await tasks.pause();
  const server = await Server.create(readPlan(plan, 'plan.hep'));
  const session = await server.openSession(keys.evaluationKeys);
  const answered = await session.evaluate(inputs);
  await server.close();
  await tasks.resume();
  const decrypting = performance.now();
  const [outputs = new Map<string, Float64Array>()] = await client.decrypt(answered.outputs, { raw: true });
  const time = timeUntilSent + performance.now() - decrypting;
  await client.close();
  const longestTask = await tasks.pause();
  const { length: keyBytes } = keys.evaluationKeys;
  return { longestTask, time, progress, aborted, keyBytes, outputs: listed(outputs) };
}

/**
 * Encrypts and decrypts through files, with a client in a worker: that of the library, or the one at `worker`. What the
 * outputs are, or the codes of a `HepcError`.
 */
async function streamThroughWorker(
  sample: PageSample,
  worker: string | undefined,
): Promise<Outputs | readonly string[]> {
  const plan = await fetchPlan();
  let client: WorkerClient | undefined;
  let server: Server | undefined;
  try {
    client = await WorkerClient.create(plan, { worker });
    const { evaluationKeys } = await client.generateKeys();
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    await client.encryptTo(sampleSource([sample]), (bytes) => {
      pieces.push(new Uint8Array(bytes));
      return Promise.resolve();
    });
    server = await Server.create(readPlan(plan, 'plan.hep'));
    const session = await server.openSession(evaluationKeys);
    const { outputs } = await session.evaluate(await bytesOf(new Blob(pieces)));
    const { runs } = await client.decryptFrom(blobAccess(new Blob([new Uint8Array(outputs)])), { raw: true });
    for await (const [answer = new Map<string, Float64Array>()] of runs) return listed(answer);
    return [];
  } catch (error) {
    if (error instanceof HepcError) return error.diagnostics.map(({ code }) => code);
    throw error;
  } finally {
    await client?.close();
    await server?.close();
  }
}

/** The outputs of the plan with refreshes in `staged.hep`, with a client in a worker that answers, and how often it did. */
async function refreshInWorker(sample: PageSample): Promise<{ readonly refreshes: number; readonly outputs: Outputs }> {
  const plan = await fetchPlan('staged.hep');
  const client = await WorkerClient.create(plan);
  const server = await Server.create(readPlan(plan, 'staged.hep'));
  try {
    const { evaluationKeys } = await client.generateKeys();
    const session = await server.openSession(evaluationKeys);
    let refreshes = 0;
    const refresh = (request: Uint8Array): Promise<Uint8Array> => {
      refreshes++;
      return client.refresh(request);
    };
    const answered = await session.evaluate(await client.encrypt([sample]), { refresh });
    const [outputs = new Map<string, Float64Array>()] = await client.decrypt(answered.outputs, { raw: true });
    return { refreshes, outputs: listed(outputs) };
  } finally {
    await client.close();
    await server.close();
  }
}

function blobAccess(blob: Blob): RandomAccess {
  return { size: blob.size, read: (offset, length) => bytesOf(blob.slice(offset, offset + length)) };
}

async function bytesOf(blob: Blob): Promise<Uint8Array> {
  return new Uint8Array(await blob.arrayBuffer());
}

/** What becomes of a client of the library's worker, or of the one at `worker`: the codes of a `HepcError`. */
async function startWorkerClient(worker: string | undefined): Promise<readonly string[]> {
  try {
    const client = await WorkerClient.create(await fetchPlan(), { worker });
    await client.generateKeys();
    await client.close();
    return [];
  } catch (error) {
    if (error instanceof HepcError) return error.diagnostics.map(({ code }) => code);
    throw error;
  }
}

/** Tasks of this thread that take 50 ms and more, as the browser tells of them. */
class LongTasks {
  private longest = 0;
  private readonly observer = new PerformanceObserver((list) => {
    this.note(list.getEntries());
  });

  constructor() {
    this.observer.observe({ type: 'longtask' });
  }

  /** The longest so far. */
  async pause(): Promise<number> {
    // The task that runs is told of once it has ended.
    await new Promise((resolve) => setTimeout(resolve, 100));
    this.note(this.observer.takeRecords());
    this.observer.disconnect();
    return this.longest;
  }

  async resume(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 100));
    this.observer.observe({ type: 'longtask' });
  }

  private note(entries: readonly PerformanceEntry[]): void {
    for (const { duration } of entries) this.longest = Math.max(this.longest, duration);
  }
}

async function fetchPlan(name = 'plan.hep'): Promise<Uint8Array> {
  const response = await fetch(name);
  return new Uint8Array(await response.arrayBuffer());
}

function listed(outputs: ReadonlyMap<string, Float64Array>): Outputs {
  return Object.fromEntries(Array.from(outputs, ([name, own]) => [name, [...own]]));
}

Object.assign(globalThis, { evaluateInPage, refreshInWorker, startWorkerClient, streamThroughWorker, useWorkerClient });
