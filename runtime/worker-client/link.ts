/** The owner's end of a client's worker: calls, what the worker asks meanwhile, and the answers. */
import { type Diagnostic, HepcError, InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { isClosed } from '../../ir/diagnostics/runtime.ts';
import { untilAborted } from '../base/until-aborted.ts';
import { errorOf } from '../engines/sessions/protocol.ts';
import { type WorkerEntry, WorkerThread } from '../engines/threads/worker-thread.ts';
import { describeError } from '../seal/library/exceptions.ts';
import type { Call, CallName, Calls, ClientProtocol, Question, Questions } from './protocol.ts';

export interface LinkOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((fraction: number) => void) | undefined;
  readonly onWarning?: ((warning: Diagnostic) => void) | undefined;
}

type Answering<Name extends keyof Questions> = (said: Questions[Name]['said']) => Promise<Questions[Name]['answer']>;

/** How the questions of a call are answered; a call asks no others. */
export type Answers = { readonly [Name in keyof Questions]?: Answering<Name> };

interface Waiting {
  readonly resolve: (reply: { readonly result: Calls[CallName]['result'] }) => void;
  readonly reject: (reason: unknown) => void;
  readonly options: LinkOptions;
  readonly answers: Answers;
}

export class Link {
  private readonly worker: WorkerThread<ClientProtocol>;
  private readonly waiting = new Map<number, Waiting>();
  private calls = 0;
  /** Why there is no worker any more. */
  private over: Error | undefined;

  constructor(entry: WorkerEntry) {
    this.worker = new WorkerThread<ClientProtocol>(entry, {
      message: (reply) => {
        this.receive(reply);
      },
      death: (reason) => {
        this.rejectAll(reason instanceof Error ? reason : new InternalError(describeError(reason)));
      },
    });
  }

  /**
   * Rejects with `HepcError` H640 once the worker has ended, and with whatever `answers` and the callbacks of `options`
   * throw.
   */
  async call<Name extends CallName>(
    name: Name,
    given: Calls[Name]['given'],
    options: LinkOptions,
    answers: Answers = {},
  ): Promise<Calls[Name]['result']> {
    options.signal?.throwIfAborted();
    if (this.over !== undefined) throw this.over;
    const id = this.calls++;
    const result = new Promise<Calls[Name]['result']>((resolve, reject) => {
      // The worker answers a call with what that call gives.
      const take = (reply: { readonly result: unknown }): void => resolve(reply.result as Calls[Name]['result']);
      this.waiting.set(id, { resolve: take, reject, options, answers });
      // Bytes that are given are the call's own.
      const transfer = given instanceof Uint8Array && given.buffer instanceof ArrayBuffer ? [given.buffer] : [];
      this.worker.post({ id, name, given } as Call, transfer);
    });
    try {
      return await untilAborted(result, options.signal);
    } finally {
      if (this.waiting.delete(id)) this.worker.post({ abort: id });
    }
  }

  /** The file of `decryptFrom` is not read any more. */
  leave(file: number): void {
    this.worker.post({ leave: file });
  }

  async end(): Promise<void> {
    this.rejectAll(new HepcError([isClosed({ what: 'the client' })]));
    await this.worker.terminate();
  }

  private receive(reply: ClientProtocol['reply']): void {
    const call = this.waiting.get(reply.id);
    if (call === undefined) return;
    if ('question' in reply) {
      answerTo(reply, call.answers).then((answer) => {
        if (this.waiting.has(reply.id)) this.worker.post({ answerTo: reply.id, answer });
      }, call.reject);
      return;
    }
    if ('progress' in reply || 'warning' in reply) {
      try {
        if ('progress' in reply) call.options.onProgress?.(reply.progress);
        else call.options.onWarning?.(reply.warning);
      } catch (error) {
        call.reject(error);
      }
      return;
    }
    this.waiting.delete(reply.id);
    if ('failure' in reply) call.reject(errorOf(reply.failure, 0));
    else call.resolve(reply);
  }

  private rejectAll(reason: Error): void {
    this.over ??= reason;
    for (const { reject } of this.waiting.values()) reject(this.over);
    this.waiting.clear();
  }
}

/** In a promise also what is thrown at once. */
async function answerTo(reply: Question, answers: Answers): Promise<Questions[keyof Questions]['answer']> {
  switch (reply.question) {
    case 'samples':
      return ask(answers.samples, reply.said);
    case 'bytes':
      return ask(answers.bytes, reply.said);
    case 'append':
      return ask(answers.append, reply.said);
    case 'wanted':
      // A call that is not is answered by its abort.
      return undefined;
  }
}

function ask<Said, Answer>(answer: ((said: Said) => Promise<Answer>) | undefined, said: Said): Promise<Answer> {
  if (answer === undefined) throw new InternalError('a worker asks for what its call does not have');
  return answer(said);
}
