/**
 * Worker threads and their messages: the one place that knows how the environment spells them, by Node's worker_threads or
 * a browser's workers. Messages pass by structured clone, shared buffers by reference.
 */
import { HepcError, InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { workerNotStarted } from '../../../ir/diagnostics/runtime.ts';
import { node } from '../../base/environment.ts';

/** The types of the messages to a worker and from it. */
export interface Protocol {
  readonly request: object;
  readonly reply: unknown;
}

export interface WorkerHandlers<P extends Protocol> {
  readonly message: (reply: P['reply']) => void;
  /** The worker has ended without being asked to; called at most once, and nothing after it. */
  readonly death: (reason: unknown) => void;
}

/** What is used of a browser's worker, for whose types a project need not have those of the DOM. */
export interface BrowserWorker {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  // What events are is for the browser to say.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  addEventListener(type: 'message' | 'messageerror' | 'error', listener: (event: any) => void): void;
  terminate(): void;
}

/** A module that calls `serveParent`: where it is, or how each environment starts it where a bundler may move it. */
export type WorkerEntry =
  | URL
  | {
      /** In Node; left out where a worker is started as in a browser everywhere. */
      readonly module?: () => string | URL;
      /** Bundlers know a worker by `new Worker(new URL('…', import.meta.url), …)`, literally, in a module beside it. */
      readonly inBrowser: () => BrowserWorker;
    };

interface Thread {
  post(message: unknown, transfer: readonly ArrayBuffer[]): void;
  /** Lets the worker serve what has been posted, and end by itself. */
  leave(): Promise<unknown>;
  terminate(): Promise<unknown>;
}

/** The message by which a worker is asked to leave; no request is null. */
export const farewell = null;

/** How long a worker may take to leave: many times what it takes. */
const leaveMilliseconds = 10_000;

let running = 0;

/** Workers of this thread that have been started and have not ended, as far as the environment tells. */
export function liveWorkers(): number {
  return running;
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

  /** Memory in `transfer` becomes the worker's. */
  post(request: P['request'], transfer: readonly ArrayBuffer[] = []): void {
    if (!this.over) this.thread.post(request, transfer);
  }

  /**
   * Ends a worker that does not work: it is asked to leave. A thread that is ended from outside may be in the middle of
   * compiling, which JavaScript engines do not all survive.
   */
  async leave(): Promise<void> {
    this.over = true;
    await this.thread.leave();
  }

  /** Ends a worker whatever it does. */
  async terminate(): Promise<void> {
    this.over = true;
    await this.thread.terminate();
  }
}

type Receive = (message: unknown) => void;

function startInNode(entry: WorkerEntry, receive: Receive, die: (reason: unknown) => void): Thread | undefined {
  const threads = node?.getBuiltinModule('node:worker_threads');
  if (threads === undefined) return undefined;
  const module = entry instanceof URL ? entry : entry.module?.();
  if (module === undefined) return undefined;
  // The flags of this process (a test runner's loader, an inspector) are not meant for the worker.
  const worker = new threads.Worker(module, { execArgv: [] });
  worker.on('message', receive);
  worker.on('messageerror', die);
  worker.on('error', die);
  running++;
  const ended = new Promise<void>((resolve) => {
    worker.on('exit', (code) => {
      running--;
      die(new InternalError(`a worker ended with exit code ${code}`));
      resolve();
    });
  });
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    leave: async () => {
      worker.postMessage(farewell);
      const patience = setTimeout(() => void worker.terminate(), leaveMilliseconds);
      await ended;
      clearTimeout(patience);
    },
    terminate: () => worker.terminate(),
  };
}

function startInBrowser(entry: WorkerEntry, receive: Receive, die: (reason: unknown) => void): Thread {
  const worker = createInBrowser(entry);
  running++;
  let isOver = false;
  /** Browsers do not tell when a worker has ended. */
  const over = (): void => {
    if (!isOver) running--;
    isOver = true;
  };
  const terminate = (): Promise<void> => {
    worker.terminate();
    over();
    return Promise.resolve();
  };
  const end = (reason: Error): void => {
    // An error does not end a browser's worker, but nobody knows what state it is in.
    void terminate();
    die(reason);
  };
  worker.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    receive(data);
  });
  worker.addEventListener('messageerror', () => {
    end(new InternalError('a message of a worker cannot be read'));
  });
  // A script that cannot be loaded gives an event without a message.
  worker.addEventListener('error', ({ message }: Partial<ErrorEvent>) => {
    end(message === undefined ? notStarted('its script cannot be loaded') : new InternalError(message));
  });
  return {
    post: (message, transfer) => {
      worker.postMessage(message, [...transfer]);
    },
    leave: () => {
      worker.postMessage(farewell, []);
      over();
      return Promise.resolve();
    },
    terminate,
  };
}

/** Throws `HepcError` where a policy of the page forbids it. */
function createInBrowser(entry: WorkerEntry): BrowserWorker {
  try {
    return entry instanceof URL ? new Worker(entry, { type: 'module' }) : entry.inBrowser();
  } catch (error) {
    throw notStarted(error instanceof Error ? error.message : String(error));
  }
}

function notStarted(reason: string): HepcError {
  return new HepcError([workerNotStarted({ reason })]);
}

/** Memory in `transfer` becomes the owner's. */
export type Post<P extends Protocol> = (reply: P['reply'], transfer?: ArrayBuffer[]) => void;
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
  // Nobody would answer it: the worker ends, which its owner hears of.
  port.on('messageerror', (error: Error) => {
    throw unreadable(error);
  });
  port.on('message', (request: P['request'] | typeof farewell) => {
    // Without the port nothing keeps the thread.
    if (request === farewell) port.close();
    else
      serve(request, (reply, transfer = []) => {
        port.postMessage(reply, transfer);
      });
  });
}

function serveInBrowser<P extends Protocol>(serve: Serve<P>): void {
  if (!('WorkerGlobalScope' in globalThis)) throw outsideOfWorker();
  globalThis.addEventListener('message', ({ data }: MessageEvent<P['request'] | typeof farewell>) => {
    if (data === farewell) globalThis.close();
    else
      serve(data, (reply, transfer = []) => {
        globalThis.postMessage(reply, { transfer });
      });
  });
  globalThis.addEventListener('messageerror', () => {
    reportError(unreadable(undefined));
  });
  // As in Node, where it ends the worker: a browser tells the owner of thrown errors only.
  globalThis.addEventListener('unhandledrejection', (event) => {
    event.preventDefault();
    reportError(event.reason);
  });
}

function unreadable(reason: unknown): InternalError {
  return new InternalError(`a worker cannot read a message${reason instanceof Error ? `: ${reason.message}` : ''}`);
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
