/**
 * Worker threads and their messages: the one place that knows how the environment spells them (Node's worker_threads
 * here). Messages pass by structured clone, shared buffers by reference.
 */
import { parentPort, type Transferable, Worker } from 'node:worker_threads';
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';

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

/** The owner's end of a worker. */
export class WorkerThread<P extends Protocol> {
  private readonly worker: Worker;
  private over = false;

  /** @param entry module of the worker, which calls `serveParent`. */
  constructor(entry: URL, { message, death }: WorkerHandlers<P>) {
    // The flags of this process (a test runner's loader, an inspector) are not meant for the worker.
    this.worker = new Worker(entry, { execArgv: [] });
    const die = (reason: unknown): void => {
      if (this.over) return;
      this.over = true;
      death(reason);
    };
    this.worker.on('message', message);
    this.worker.on('messageerror', die);
    this.worker.on('error', die);
    this.worker.on('exit', (code) => {
      die(new InternalError(`a worker ended with exit code ${code}`));
    });
  }

  post(request: P['request']): void {
    if (!this.over) this.worker.postMessage(request);
  }

  async terminate(): Promise<void> {
    this.over = true;
    await this.worker.terminate();
  }
}

export type Post<P extends Protocol> = (reply: P['reply'], transfer?: readonly Transferable[]) => void;

/** The worker's end: calls `serve` with each request of the owner, and with the means to answer. */
export function serveParent<P extends Protocol>(serve: (request: P['request'], post: Post<P>) => void): void {
  const port = parentPort;
  if (port === null) throw new InternalError('a worker module runs outside of a worker');
  port.on('message', (request: P['request']) => {
    serve(request, (reply, transfer) => {
      port.postMessage(reply, transfer);
    });
  });
}

/** The worker module beside `importer`, in the sources or compiled. */
export function workerModule(name: string, importer: string): URL {
  const extension = importer.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`./${name}.${extension}`, importer);
}
