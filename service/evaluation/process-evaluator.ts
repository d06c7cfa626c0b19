/**
 * The parent's end of the process that evaluates: starts it when something is asked, passes questions and answers, and
 * starts another where it has ended. Whatever it does, the parent does not wait for it.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { HepcError, InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { isClosed } from '../../ir/diagnostics/runtime.ts';
import { Pending } from '../../runtime/base/pending.ts';
import { evaluatorEnded } from '../../ir/diagnostics/service/evaluation.ts';
import type { EvaluationRequest, EvaluationResult, Evaluator, EvaluatorUsage } from './evaluator.ts';
import { evaluatorModule } from './evaluator-entry.ts';
import type { Answer, EvaluatorSettings, FromEvaluator, Question, ToEvaluator } from './protocol.ts';

interface Asked {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: (fraction: number) => void;
}

/** How long a process may take to give up an evaluation: more than the engine allows its workers. */
const abortMilliseconds = 60_000;
/** How long a process may take to end that has nothing left to do. */
const patienceMilliseconds = 10_000;

export class ProcessEvaluator implements Evaluator {
  private readonly settings: EvaluatorSettings;
  private child: ChildProcess | undefined;
  private readonly asked = new Map<number, Asked>();
  private readonly pending = new Pending();
  private next = 0;
  private crashes = 0;
  /** Keys in memory, by plan. */
  private held: ReadonlyMap<string, ReadonlySet<string>> = new Map();
  private closing: Promise<void> | undefined;

  constructor({ memoryBytes, threads }: EvaluatorSettings) {
    this.settings = { memoryBytes, threads };
  }

  async evaluate(request: EvaluationRequest): Promise<EvaluationResult> {
    const { plan, keys, inputs, outputs, staged, signal, onProgress } = request;
    const question = { kind: 'evaluate', plan, keys, inputs, outputs, ...(staged && { staged }) } as const;
    const answer = await this.ask(question, signal, onProgress);
    if (answer.kind === 'aborted') signal?.throwIfAborted();
    return of(answer, 'evaluated').result;
  }

  async checkKeys(plan: EvaluationRequest['plan'], path: string, digest: string): Promise<{ readonly keyId: string }> {
    const { keyId } = of(await this.ask({ kind: 'check-keys', plan, path, digest }), 'checked');
    return { keyId };
  }

  holds(plan: string, keys: string): number {
    const own = this.held.get(plan);
    if (own === undefined) return 0;
    return own.has(keys) ? 2 : 1;
  }

  async usage(): Promise<EvaluatorUsage> {
    const { crashes } = this;
    if (this.child === undefined) return { budgetBytes: this.settings.memoryBytes, crashes, plans: [] };
    return { ...of(await this.ask({ kind: 'usage' }), 'usage').usage, crashes };
  }

  async forget(keys: string): Promise<void> {
    if (this.child !== undefined) of(await this.ask({ kind: 'forget', keys }), 'forgotten');
  }

  close(): Promise<void> {
    this.closing ??= this.closeNow();
    return this.closing;
  }

  private async closeNow(): Promise<void> {
    const { child } = this;
    if (child === undefined) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    await this.pending.settled();
    this.send(child, { kind: 'close' });
    const patience = setTimeout(() => child.kill('SIGKILL'), patienceMilliseconds);
    await ended;
    clearTimeout(patience);
  }

  private ask(question: Question, signal?: AbortSignal, onProgress?: (fraction: number) => void): Promise<Answer> {
    return this.pending.track(this.askNow(question, signal, onProgress));
  }

  private askNow(
    question: Question,
    signal?: AbortSignal,
    onProgress: (fraction: number) => void = () => undefined,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.closing !== undefined) throw new HepcError([isClosed({ what: 'the evaluator' })]);
      signal?.throwIfAborted();
      const child = (this.child ??= this.start());
      const id = this.next++;
      let patience: NodeJS.Timeout | undefined;
      const onAbort = (): void => {
        if (this.child !== child) return;
        this.send(child, { kind: 'abort', id });
        patience = setTimeout(() => child.kill('SIGKILL'), abortMilliseconds);
      };
      const over = (): void => {
        clearTimeout(patience);
        this.asked.delete(id);
        signal?.removeEventListener('abort', onAbort);
      };
      this.asked.set(id, {
        resolve: (answer) => {
          over();
          resolve(answer);
        },
        reject: (error) => {
          over();
          reject(error);
        },
        onProgress: (fraction) => {
          try {
            onProgress(fraction);
          } catch (error) {
            onAbort();
            over();
            reject(error instanceof Error ? error : new InternalError(String(error)));
          }
        },
      });
      signal?.addEventListener('abort', onAbort, { once: true });
      this.send(child, { kind: 'ask', id, question });
    });
  }

  private start(): ChildProcess {
    const child = fork(evaluatorModule(), { serialization: 'advanced', execArgv: [], stdio: ['ignore', 2, 2, 'ipc'] });
    child.on('message', (message) => {
      this.receive(message as FromEvaluator);
    });
    child.on('error', (error) => {
      this.bury(child, error.message);
    });
    child.on('exit', (code, signal) => {
      this.bury(child, signal === null ? `with exit code ${code ?? 0}` : `by ${signal}`);
    });
    this.send(child, { kind: 'begin', settings: this.settings });
    return child;
  }

  private send(child: ChildProcess, message: ToEvaluator): void {
    // A process that has ended says so by its exit.
    child.send(message, () => undefined);
  }

  private receive(message: FromEvaluator): void {
    switch (message.kind) {
      case 'answer':
        this.asked.get(message.id)?.resolve(message.answer);
        break;
      case 'progress':
        this.asked.get(message.id)?.onProgress(message.fraction);
        break;
      case 'holds':
        this.held = new Map(message.plans.map(({ plan, keys }) => [plan, new Set(keys)]));
        break;
    }
  }

  private bury(child: ChildProcess, reason: string): void {
    if (this.child !== child) return;
    this.child = undefined;
    this.held = new Map();
    if (this.closing === undefined || this.asked.size > 0) this.crashes++;
    for (const { reject } of [...this.asked.values()]) reject(new HepcError([evaluatorEnded({ reason })]));
  }
}

function of<Kind extends Answer['kind']>(answer: Answer, kind: Kind): Extract<Answer, { readonly kind: Kind }> {
  if (isOf(answer, kind)) return answer;
  if (answer.kind === 'refused') throw new HepcError(answer.diagnostics);
  throw new InternalError(answer.kind === 'failed' ? answer.text : `the evaluator answered ${answer.kind}`);
}

function isOf<Kind extends Answer['kind']>(
  answer: Answer,
  kind: Kind,
): answer is Extract<Answer, { readonly kind: Kind }> {
  return answer.kind === kind;
}
