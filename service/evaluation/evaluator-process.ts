/**
 * Entry of the process that evaluates for a service: passes questions to the host, and its answers back. It ends with its
 * parent, whichever way that ends. What a terminal or a supervisor tells the whole group is the parent's to act on.
 */
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import type { RunOptions } from './evaluate-files.ts';
import { EvaluationHost } from './evaluation-host.ts';
import type { Answer, FromEvaluator, Question, ToEvaluator } from './protocol.ts';

/** Between two messages about progress. */
const progressMilliseconds = 100;

let host: EvaluationHost | undefined;
let told = '';
const running = new Map<number, AbortController>();

function send(message: FromEvaluator): void {
  // Without a parent the process is about to end.
  process.send?.(message, undefined, undefined, () => undefined);
}

function tellHolds(plans: EvaluationHost['holds']): void {
  const text = JSON.stringify(plans);
  if (text === told) return;
  told = text;
  send({ kind: 'holds', plans });
}

async function answer(host: EvaluationHost, question: Question, options: RunOptions): Promise<Answer> {
  try {
    switch (question.kind) {
      case 'evaluate':
        return { kind: 'evaluated', result: await host.evaluate(question, options) };
      case 'check-keys':
        return { kind: 'checked', keyId: await host.checkKeys(question.plan, question.path, question.digest) };
      case 'forget':
        await host.forget(question.keys);
        return { kind: 'forgotten' };
      case 'usage':
        return { kind: 'usage', usage: host.usage };
    }
  } catch (error) {
    if (options.signal.aborted && error === options.signal.reason) return { kind: 'aborted' };
    if (error instanceof HepcError) return { kind: 'refused', diagnostics: error.diagnostics };
    return { kind: 'failed', text: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

async function ask(host: EvaluationHost, id: number, question: Question): Promise<void> {
  const controller = new AbortController();
  running.set(id, controller);
  let last = 0;
  const onProgress = (fraction: number): void => {
    const now = performance.now();
    if (now - last < progressMilliseconds) return;
    last = now;
    send({ kind: 'progress', id, fraction });
  };
  const given = await answer(host, question, { signal: controller.signal, onProgress });
  running.delete(id);
  tellHolds(host.holds);
  send({ kind: 'answer', id, answer: given });
}

process.on('message', (message: ToEvaluator) => {
  switch (message.kind) {
    case 'begin':
      host = new EvaluationHost(message.settings);
      break;
    case 'ask':
      if (host !== undefined) void ask(host, message.id, message.question);
      break;
    case 'abort':
      running.get(message.id)?.abort();
      break;
    case 'close':
      void Promise.resolve(host?.close()).finally(() => {
        process.disconnect();
      });
      break;
  }
});
process.on('disconnect', () => process.exit(0));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
