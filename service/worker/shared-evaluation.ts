/**
 * Requests of one key that are evaluated in one run, each of which remains a task of its own: its worker asks for its
 * evaluation as for any other, and waits until all others have asked too, or have found that there is nothing to do.
 */
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import type { EvaluationRequest, EvaluationResult, Evaluator } from '../evaluation/evaluator.ts';
import { describeFailure, isTransient } from '../jobs/failures.ts';

/** What a task has of an evaluator. */
export interface Evaluating {
  /** `requests`: how many had the run; 1 where it is left out. */
  evaluate(request: EvaluationRequest): Promise<EvaluationResult & { readonly requests?: number }>;
}

/** The inputs of a run were refused. They may have been another's, so that each is tried again by itself. */
class SharedRunError extends Error {
  constructor(cause: unknown) {
    super(`inputs of a shared run are refused: ${describeFailure(cause)}`, { cause });
  }
}

interface Asked {
  readonly request: EvaluationRequest;
  readonly resolve: (result: EvaluationResult & { readonly requests: number }) => void;
  readonly reject: (error: unknown) => void;
}

export class SharedEvaluation {
  private readonly evaluator: Pick<Evaluator, 'evaluate'>;
  private readonly asked: Asked[] = [];
  /** Members that have neither asked nor left. */
  private expected: number;

  /** @param members so many times `join` is called */
  constructor(evaluator: Pick<Evaluator, 'evaluate'>, members: number) {
    this.evaluator = evaluator;
    this.expected = members;
  }

  /** `leave` is to be called when the member asks no more; it may have asked once. */
  join(): Evaluating & { leave(): void } {
    let isExpected = true;
    const arrive = (): void => {
      if (!isExpected) return;
      isExpected = false;
      this.expected--;
      if (this.expected === 0 && this.asked.length > 0) void this.run();
    };
    return {
      evaluate: (request) =>
        new Promise((resolve, reject) => {
          if (!isExpected) throw new InternalError('a member of a shared run asks twice');
          // Nobody waits for what has been cancelled meanwhile.
          request.signal?.throwIfAborted();
          this.asked.push({ request, resolve, reject });
          arrive();
        }),
      leave: arrive,
    };
  }

  private async run(): Promise<void> {
    const { asked } = this;
    const [first] = asked;
    if (first === undefined) return;
    const requests = asked.length;
    const end = allAborted(
      asked.flatMap(({ request: { signal } }) => signal ?? []),
      requests,
    );
    try {
      const { outputs, ...rest } = await this.evaluator.evaluate({
        plan: first.request.plan,
        keys: first.request.keys,
        inputs: asked.flatMap(({ request }) => request.inputs),
        outputs: asked.flatMap(({ request }) => request.outputs),
        ...(first.request.staged && { staged: first.request.staged }),
        signal: end.signal,
        onProgress: (fraction) => {
          for (const { request } of asked) request.onProgress?.(fraction);
        },
      });
      for (const [k, { resolve }] of asked.entries()) resolve({ outputs: outputs.slice(k, k + 1), ...rest, requests });
    } catch (error) {
      const reason = requests > 1 && !isTransient(error) ? new SharedRunError(error) : error;
      for (const { reject } of asked) reject(reason);
    } finally {
      end.forget();
    }
  }
}

/** Aborts once all of so many have: while somebody waits for the run, it goes on. */
function allAborted(signals: readonly AbortSignal[], count: number): { signal: AbortSignal; forget(): void } {
  const all = new AbortController();
  let left = count;
  const forgets = signals.map((signal) => {
    const abort = (): void => {
      left--;
      if (left === 0) all.abort(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    return () => {
      signal.removeEventListener('abort', abort);
    };
  });
  return {
    signal: all.signal,
    forget: () => {
      for (const forget of forgets) forget();
    },
  };
}
