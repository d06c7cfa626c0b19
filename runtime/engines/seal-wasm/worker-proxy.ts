/** A session's view of one worker: a request at a time, answered even if the worker dies. */
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { describeError, isOutOfMemory } from '../../seal/library/exceptions.ts';
import { type WorkerEntry, WorkerThread } from '../threads/worker-thread.ts';
import type { Answer, Failure, Reply, Request, SessionProtocol } from './protocol.ts';

export class WorkerProxy {
  /** SEAL objects in the worker after the last answer. */
  liveHandles = 0;
  onProgress: (cost: number) => void = () => undefined;
  private readonly thread: WorkerThread<SessionProtocol>;
  private resolve: ((answer: Answer) => void) | undefined;
  private death: Answer | undefined;

  /** @param entry a worker that speaks the protocol */
  constructor(entry: WorkerEntry) {
    this.thread = new WorkerThread<SessionProtocol>(entry, {
      message: (reply) => {
        this.receive(reply);
      },
      death: (reason) => {
        this.death = { kind: 'failed', failure: deathFailure(reason) };
        this.answer(this.death);
      },
    });
  }

  get isDead(): boolean {
    return this.death !== undefined;
  }

  /** The answer; a `failed` one if the worker is dead or dies. Never rejects. */
  request(request: Request): Promise<Answer> {
    return new Promise((resolve) => {
      if (this.resolve !== undefined) throw new InternalError('a worker is asked while it still works');
      if (this.death !== undefined) {
        resolve(this.death);
        return;
      }
      this.resolve = resolve;
      this.thread.post(request);
    });
  }

  /** Ends a worker that does not answer, and answers in its place. */
  async giveUp(): Promise<void> {
    this.death ??= {
      kind: 'failed',
      failure: { reason: 'internal', text: 'a worker did not stop when it was told to' },
    };
    await this.thread.terminate();
    this.answer(this.death);
  }

  terminate(): Promise<void> {
    return this.thread.terminate();
  }

  private receive(reply: Reply): void {
    if (reply.kind === 'progress') {
      this.onProgress(reply.cost);
      return;
    }
    this.liveHandles = reply.liveHandles;
    this.answer(reply.answer);
  }

  private answer(answer: Answer): void {
    const { resolve } = this;
    this.resolve = undefined;
    resolve?.(answer);
  }
}

function deathFailure(reason: unknown): Failure {
  if (isOutOfMemory(reason)) return { reason: 'out-of-memory' };
  return { reason: 'internal', text: `the worker died: ${describeError(reason)}` };
}
