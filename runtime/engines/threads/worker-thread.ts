/**
 * Worker threads and their messages: the one place that knows how the environment spells them, by Node's worker_threads or
 * a browser's workers. Messages pass by structured clone, shared buffers by reference.
 */
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { node } from '../../base/environment.ts';

/** The types of the messages to a worker and from it. */
export interface Protocol {
  readonly request: unknown;
  readonly reply: unknown;
}

export interface WorkerHandlers<P extends Protocol> {
  readonly message: (reply: P['reply']) => void;
  /** The worker has ended without being asked to; called at most once, and nothing after it. */
  readonly death: (reason: unknown) => void;
}

/** A module that calls `serveParent`: where it is, or how each environment starts it where a bundler may move it. */
export type WorkerEntry =
  | URL
  | {
      readonly module: () => URL;
      /** Bundlers know a worker by `new Worker(new URL('…', import.meta.url), …)`, literally, in a module beside it. */
      readonly inBrowser: () => Worker;
    };

interface Thread {
  post(message: unknown): void;
  terminate(): Promise<unknown>;
}

/** The owner's end of a worker. */
export class WorkerThread<P extends Protocol> {
  private readonly thread: Thread;
  private over = false;

  constructor(entry: WorkerEntry, { message, death }: WorkerHandlers<P>) {
    const die = (reason: unknown): void => {
      if (this.over) return;
      this.over = true;
      death(reason);
    };
    this.thread = startInNode(entry, message, die) ?? startInBrowser(entry, message, die);
  }

  post(request: P['request']): void {
    if (!this.over) this.thread.post(request);
  }

  async terminate(): Promise<void> {
    this.over = true;
    await this.thread.terminate();
  }
}

type Receive = (message: unknown) => void;

function startInNode(entry: WorkerEntry, receive: Receive, die: (reason: unknown) => void): Thread | undefined {
  const threads = node?.getBuiltinModule('node:worker_threads');
  if (threads === undefined) return undefined;
  // The flags of this process (a test runner's loader, an inspector) are not meant for the worker.
  const worker = new threads.Worker(entry instanceof URL ? entry : entry.module(), { execArgv: [] });
  worker.on('message', receive);
  worker.on('messageerror', die);
  worker.on('error', die);
  worker.on('exit', (code) => {
    die(new InternalError(`a worker ended with exit code ${code}`));
  });
  return { post: (message) => worker.postMessage(message), terminate: () => worker.terminate() };
}

function startInBrowser(entry: WorkerEntry, receive: Receive, die: (reason: unknown) => void): Thread {
  const worker = entry instanceof URL ? new Worker(entry, { type: 'module' }) : entry.inBrowser();
  const end = (reason: string): void => {
    // An error does not end a browser's worker, but nobody knows what state it is in.
    worker.terminate();
    die(new InternalError(reason));
  };
  worker.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    receive(data);
  });
  worker.addEventListener('messageerror', () => {
    end('a message of a worker cannot be read');
  });
  // A script that cannot be loaded gives an event without a message.
  worker.addEventListener('error', ({ message = 'the script of a worker cannot be loaded' }: Partial<ErrorEvent>) => {
    end(message);
  });
  return {
    post: (message) => {
      worker.postMessage(message);
    },
    terminate: () => {
      worker.terminate();
      return Promise.resolve();
    },
  };
}

export type Post<P extends Protocol> = (reply: P['reply']) => void;
type NodeThreads = ReturnType<typeof process.getBuiltinModule<'node:worker_threads'>>;
type Serve<P extends Protocol> = (request: P['request'], post: Post<P>) => void;

/** The worker's end: calls `serve` with each request of the owner, and with the means to answer. */
export function serveParent<P extends Protocol>(serve: Serve<P>): void {
  const threads = node?.getBuiltinModule('node:worker_threads');
  if (threads === undefined) serveInBrowser(serve);
  else serveInNode(threads, serve);
}

function serveInNode<P extends Protocol>({ parentPort: port }: NodeThreads, serve: Serve<P>): void {
  if (port === null) throw outsideOfWorker();
  port.on('message', (request: P['request']) => {
    serve(request, (reply) => {
      port.postMessage(reply);
    });
  });
}

function serveInBrowser<P extends Protocol>(serve: Serve<P>): void {
  if (!('WorkerGlobalScope' in globalThis)) throw outsideOfWorker();
  globalThis.addEventListener('message', ({ data }: MessageEvent<P['request']>) => {
    serve(data, (reply) => {
      globalThis.postMessage(reply);
    });
  });
  // As in Node, where it ends the worker: a browser tells the owner of thrown errors only.
  globalThis.addEventListener('unhandledrejection', (event) => {
    event.preventDefault();
    reportError(event.reason);
  });
}

function outsideOfWorker(): InternalError {
  return new InternalError('a worker module runs outside of a worker');
}

/** In a worker: resolves once the messages that have come are served. */
export function letMessagesIn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    // Comes after them; a timer would, too, but browsers hold timers back.
    port2.postMessage(undefined);
  });
}

/** The worker module beside `importer`, in the sources or compiled. */
export function workerModule(name: string, importer: string): URL {
  const extension = importer.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`./${name}.${extension}`, importer);
}
