/**
 * The workers of a session, who are all asked the same at once and work as a team: whoever fails or dies ends the work of
 * all, so that a question always has its answers.
 */
import { InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import { describeError, isOutOfMemory } from '../../../seal/library/exceptions.ts';
import { type WorkerEntry, WorkerThread } from '../../threads/worker-thread.ts';
import type { Answer, Failure, Reply, Request, SimdProtocol } from './protocol.ts';
import { abortTeam, resetTeam } from './shared-team.ts';

interface Member {
  readonly thread: WorkerThread<SimdProtocol>;
  answer: ((answer: Answer) => void) | undefined;
  death: Answer | undefined;
}

export class Crew {
  onProgress: (fraction: number) => void = () => undefined;
  private readonly members: readonly Member[];
  private readonly words: Int32Array | undefined;

  /**
   * Starts the workers.
   * @param entry a worker that speaks the protocol
   * @param words of the team, see `shared-team.ts`; undefined for a single worker that shares no memory
   */
  constructor(entry: WorkerEntry, size: number, words: Int32Array | undefined) {
    this.words = words;
    this.members = Array.from({ length: size }, () => {
      const member: Member = {
        thread: new WorkerThread<SimdProtocol>(entry, {
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

  /** Makes them ready for an evaluation; only while nobody works. A worker that shares no memory does it by itself. */
  reset(): void {
    if (this.words !== undefined) resetTeam(this.words);
  }

  /** Ends the work of all; they answer soon. */
  stop(): void {
    if (this.words !== undefined) abortTeam(this.words);
    else for (const { answer, thread } of this.members) if (answer !== undefined) thread.post({ kind: 'stop' });
  }

  /** Ends those who have not answered, and answers in their place. */
  async giveUp(): Promise<void> {
    for (const member of this.members)
      if (member.answer !== undefined) this.bury(member, new InternalError('it did not stop when it was told to'));
    await this.terminate();
  }

  /** Ends all. Questions without an answer have `failed` ones then, and so has each later one. */
  async terminate(): Promise<void> {
    for (const member of this.members)
      if (member.death === undefined) this.bury(member, new InternalError('it was ended'));
    await Promise.all(this.members.map(({ thread }) => thread.terminate()));
  }

  private askOne(member: Member, request: Request): Promise<Answer> {
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

  private receive(member: Member, reply: Reply): void {
    if (reply.kind === 'progress') this.onProgress(reply.fraction);
    else this.settle(member, reply);
  }

  private bury(member: Member, reason: unknown): void {
    member.death = { kind: 'failed', failure: deathFailure(reason) };
    this.settle(member, member.death);
  }

  private settle(member: Member, answer: Answer): void {
    const { answer: resolve } = member;
    member.answer = undefined;
    if (answer.kind === 'failed') this.stop();
    resolve?.(answer);
  }
}

function deathFailure(reason: unknown): Failure {
  if (isOutOfMemory(reason)) return { reason: 'out-of-memory' };
  return { reason: 'internal', text: `a worker died: ${describeError(reason)}` };
}
