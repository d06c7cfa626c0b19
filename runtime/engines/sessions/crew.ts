/**
 * The workers of a plan. Asked all at once they work as a team: whoever fails or dies ends the work of all, so that a question
 * always has its answers. One that is asked alone is nobody else's concern.
 */
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { Pending } from '../../base/pending.ts';
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

/** Who is asked a question: all workers, or one alone. */
export interface Asked<Request extends object> {
  /** The answers of all, `failed` ones of those who are dead or die. Never rejects. @param onProgress told of all progress */
  readonly ask: (request: Request, onProgress: (part: number) => void) => Promise<Answer[]>;
  /** Makes them ready for work; only while they do none. */
  readonly reset: () => void;
  /** Ends their work; they answer soon. */
  readonly stop: () => void;
  /** Ends those who have not answered, and answers in their place. */
  readonly giveUp: () => Promise<void>;
}

interface Question {
  readonly answer: (answer: Answer) => void;
  readonly onProgress: (part: number) => void;
  /** Whether all are asked it, who then wait for each other. */
  readonly isForAll: boolean;
}

interface Member<Request extends object> {
  readonly thread: WorkerThread<SessionProtocol<Request>>;
  question: Question | undefined;
  death: Failed | undefined;
}

const ignore = (): void => undefined;

export class Crew<Request extends object> {
  private readonly members: readonly Member<Request>[];
  private sign: StopSign | Request | undefined;
  private lanes: readonly StopSign[] = [];
  private readonly pending = new Pending();

  /**
   * Starts the workers, which takes them longer than most of what comes before the first question: so they are started
   * first.
   * @param entry a worker that speaks the protocol
   */
  constructor(entry: WorkerEntry, size: number) {
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
        question: undefined,
        death: undefined,
      };
      return member;
    });
  }

  get size(): number {
    return this.members.length;
  }

  /**
   * How the workers are told to stop, said before they are asked anything.
   * @param sign for a single worker that shares no memory the request that stops it, which has no answer
   * @param lanes by worker: how it is told to stop what it has been asked alone; none where nobody is
   */
  heed(sign: StopSign | Request, lanes: readonly StopSign[] = []): void {
    this.sign = sign;
    this.lanes = lanes;
  }

  /** All workers. */
  get all(): Asked<Request> {
    return {
      ask: (request, onProgress) => this.ask(() => request, onProgress),
      reset: () => {
        this.reset();
      },
      stop: () => {
        this.stop();
      },
      giveUp: () => this.giveUp(),
    };
  }

  /** A worker that is asked alone. */
  lane(worker: number): Asked<Request> {
    const [member, sign] = [this.members[worker], this.lanes[worker]];
    if (member === undefined || sign === undefined) throw new InternalError(`worker ${worker} has no lane`);
    return {
      ask: async (request, onProgress) => [await this.askOne(member, request, { onProgress, isForAll: false })],
      reset: sign.reset,
      stop: sign.stop,
      giveUp: async () => {
        this.buryHanging([member]);
        await member.thread.terminate();
      },
    };
  }

  /** The answers of all members, `failed` ones of those who are dead or die. Never rejects. */
  ask(requestOf: (member: number) => Request, onProgress: (part: number) => void = ignore): Promise<Answer[]> {
    const asked = { onProgress, isForAll: true };
    return Promise.all(this.members.map((member, index) => this.askOne(member, requestOf(index), asked)));
  }

  /** Makes them ready for work; only while nobody works. A worker that shares no memory does it by itself. */
  reset(): void {
    if (this.sign !== undefined && isSign(this.sign)) this.sign.reset();
  }

  /** Ends the work of all; they answer soon. */
  stop(): void {
    const { sign, lanes } = this;
    for (const { stop } of lanes) stop();
    if (sign === undefined) return;
    if (isSign(sign)) sign.stop();
    else for (const { question, thread } of this.members) if (question !== undefined) thread.post(sign);
  }

  /** Resolves once all have answered what they have been asked. */
  quiet(): Promise<void> {
    return this.pending.settled();
  }

  /** Ends those who have not answered, and answers in their place. */
  async giveUp(): Promise<void> {
    this.buryHanging(this.members);
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

  private buryHanging(members: readonly Member<Request>[]): void {
    for (const member of members)
      if (member.question !== undefined) this.bury(member, new InternalError('it did not stop when it was told to'));
  }

  private askOne(
    member: Member<Request>,
    request: Request,
    { onProgress, isForAll }: Omit<Question, 'answer'>,
  ): Promise<Answer> {
    const asked = new Promise<Answer>((resolve) => {
      if (member.question !== undefined) throw new InternalError('a worker is asked while it still works');
      if (member.death !== undefined) {
        if (isForAll) this.stop();
        resolve(member.death);
        return;
      }
      member.question = { answer: resolve, onProgress, isForAll };
      member.thread.post(request);
    });
    return this.pending.track(asked);
  }

  private receive(member: Member<Request>, reply: Reply): void {
    if (reply.kind === 'progress') member.question?.onProgress(reply.part);
    else this.settle(member, reply);
  }

  private bury(member: Member<Request>, reason: unknown): void {
    member.death = { kind: 'failed', failure: deathFailure(reason) };
    this.settle(member, member.death);
  }

  private settle(member: Member<Request>, answer: Answer): void {
    const { question } = member;
    member.question = undefined;
    if (answer.kind === 'failed' && question?.isForAll === true) this.stop();
    question?.answer(answer);
  }
}

function isSign(sign: object): sign is StopSign {
  return 'reset' in sign;
}

function deathFailure(reason: unknown): Failure {
  if (isOutOfMemory(reason)) return { reason: 'out-of-memory' };
  return { reason: 'internal', text: `a worker died: ${describeError(reason)}` };
}
