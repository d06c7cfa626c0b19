/**
 * What a client refreshes: for each file of inputs that it has encrypted the round trips of the plan, each once and in order. A
 * server that asks for more would have it compute something else; so nothing of such a request is decrypted.
 */
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { unexpectedRefresh } from '../../ir/diagnostics/refresh/messages.ts';
import type { RefreshPoint } from './messages.ts';

/** Files whose refreshes are waited for at once; the oldest is given up for one more. */
const mostFiles = 4096;

interface Allowed {
  readonly samples: number;
  next: number;
}

export class RefreshAllowance {
  private readonly rounds: number;
  /** By the identity of a file of inputs, the oldest first. */
  private readonly files = new Map<string, Allowed>();

  /** @param rounds round trips of the plan */
  constructor(rounds: number) {
    this.rounds = rounds;
  }

  /** A file of inputs was encrypted. @param done round trips of it that have been answered */
  add(inputs: string, samples: number, done = 0): void {
    if (this.rounds === 0) return;
    const [oldest] = this.files.keys();
    if (this.files.size >= mostFiles && oldest !== undefined) this.files.delete(oldest);
    this.files.set(inputs, { samples, next: done });
  }

  /** Uses up a round trip. Throws `HepcError` (H662) where it is not the next one of a file. */
  take({ inputs, round, samples }: RefreshPoint): void {
    const file = this.files.get(inputs);
    const refuse = (reason: string): never => {
      throw new HepcError([unexpectedRefresh({ reason })]);
    };
    if (file === undefined)
      return refuse('it is for inputs that were not encrypted here, or whose round trips are over');
    if (samples !== file.samples) return refuse(`it is for ${samples} samples, and ${file.samples} were encrypted`);
    if (round < file.next) return refuse(`round trip ${round} of these inputs was answered before`);
    if (round > file.next)
      return refuse(`round trip ${round} of these inputs comes after ${file.next}, which was not asked for`);
    file.next++;
    if (file.next >= this.rounds) this.files.delete(inputs);
  }
}
