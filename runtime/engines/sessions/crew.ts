/**
 * The workers of a plan, who are all asked at once and work as a team: whoever fails or dies ends the work of all, so
 * that a question always has its answers.
 */
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { describeError, isOutOfMemory } from '../../seal/library/exceptions.ts';
import { type WorkerEntry, WorkerThread } from '../threads/worker-thread.ts';
import type { Answer, Failed, Failure, Reply, SessionProtocol } from './protocol.ts';

/** How the workers are told to stop: in memory that they share. */
export interface StopSign {
  /** Ends the work of all; they answer soon. */
  readonly stop: () => void;
  /** Makes them ready for work again; only while nobody works. */
  readonly reset: () => void;
}

interface Member<Request extends object> {
  readonly thread: WorkerThread<SessionProtocol<Request>>;
  answer: ((answer: Answer) => void) | undefined;
  death: Failed | undefined;
}

export class Crew<Request extends object> {
  /** Told of all progress. */
  onProgress: (part: number) => void = () => undefined;
  private readonly members: readonly Member<Request>[];
  private readonly sign: StopSign | Request;

  /**
   * Starts the workers.
   * @param entry a worker that speaks the protocol
   * @param sign how they are told to stop; for a single worker that shares no memory the request that stops it, which has no
   * answer
   */
  constructor(entry: WorkerEntry, size: number, sign: StopSign | Request) {
    this.sign = sign;
    this.members = Array.from({ length: size }, () => {
      const member: Member<Request> = {
        thread: new WorkerThread<SessionProtocol<Request>>(entry, {
          message: (reply) => {
            this.receive(member, reply);
          },
          death: (reason) => {
            this.bury(member, reason);
          },
        }),
        answer: undefined,
        death: undefined,
      };
      return member;
    });
  }

  /** The answers of all members, `failed` ones of those who are dead or die. Never rejects. */
  ask(requestOf: (member: number) => Request): Promise<Answer[]> {
    return Promise.all(this.members.map((member, index) => this.askOne(member, requestOf(index))));
  }

  /** Makes them ready for work; only while nobody works. A worker that shares no memory does it by itself. */
  reset(): void {
    if (isSign(this.sign)) this.sign.reset();
  }

  /** Ends the work of all; they answer soon. */
  stop(): void {
    if (isSign(this.sign)) this.sign.stop();
    else for (const { answer, thread } of this.members) if (answer !== undefined) thread.post(this.sign);
  }

  /** Ends those who have not answered, and answers in their place. */
  async giveUp(): Promise<void> {
    for (const member of this.members)
      if (member.answer !== undefined) this.bury(member, new InternalError('it did not stop when it was told to'));
    await this.terminate();
  }

  /** Ends all, whatever they do. Questions without an answer have `failed` ones then, and so has each later one. */
  async terminate(): Promise<void> {
    this.buryAll();
    await Promise.all(this.members.map(({ thread }) => thread.terminate()));
  }

  /** Ends all, of whom none works: those who live leave by themselves. */
  async leave(): Promise<void> {
    const living = new Set(this.members.filter(({ death }) => death === undefined));
    this.buryAll();
    await Promise.all(
      this.members.map((member) => (living.has(member) ? member.thread.leave() : member.thread.terminate())),
    );
  }

  private buryAll(): void {
    for (const member of this.members)
      if (member.death === undefined) this.bury(member, new InternalError('it was ended'));
  }

  private askOne(member: Member<Request>, request: Request): Promise<Answer> {
    return new Promise((resolve) => {
      if (member.answer !== undefined) throw new InternalError('a worker is asked while it still works');
      if (member.death !== undefined) {
        this.stop();
        resolve(member.death);
        return;
      }
      member.answer = resolve;
      member.thread.post(request);
    });
  }

  private receive(member: Member<Request>, reply: Reply): void {
    if (reply.kind === 'progress') this.onProgress(reply.part);
    else this.settle(member, reply);
  }

  private bury(member: Member<Request>, reason: unknown): void {
    member.death = { kind: 'failed', failure: deathFailure(reason) };
    this.settle(member, member.death);
  }

  private settle(member: Member<Request>, answer: Answer): void {
    const { answer: resolve } = member;
    member.answer = undefined;
    if (answer.kind === 'failed') this.stop();
    resolve?.(answer);
  }
}

function isSign(sign: object): sign is StopSign {
  return 'reset' in sign;
}

function deathFailure(reason: unknown): Failure {
  if (isOutOfMemory(reason)) return { reason: 'out-of-memory' };
  return { reason: 'internal', text: `a worker died: ${describeError(reason)}` };
}
