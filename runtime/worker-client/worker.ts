/** Entry of a worker: a `Client` that does one call after another, and hears of aborts between keys and runs. */
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { failureOf } from '../engines/sessions/protocol.ts';
import { letMessagesIn, type Post, serveParent } from '../engines/threads/worker-thread.ts';
import { doCall, leaveOutputs } from './do-call.ts';
import type { Call, Calls, CallName, ClientProtocol, Question, QuestionName, Questions } from './protocol.ts';

/** Of a call that is under way or waits. */
interface Open {
  readonly controller: AbortController;
  /** Takes the answer to its question. */
  answered?: (answer: Questions[QuestionName]['answer']) => void;
}

let previous: Promise<void> = Promise.resolve();
const calls = new Map<number, Open>();

serveParent<ClientProtocol>((request, post) => {
  if ('abort' in request) calls.get(request.abort)?.controller.abort();
  else if ('answerTo' in request) calls.get(request.answerTo)?.answered?.(request.answer);
  else if ('leave' in request) previous = previous.then(() => leaveOutputs(request.leave));
  else {
    const call: Open = { controller: new AbortController() };
    calls.set(request.id, call);
    previous = previous.then(() => answer(request, call, post));
  }
});

async function answer(request: Call, call: Open, post: Post<ClientProtocol>): Promise<void> {
  const { id } = request;
  const { signal } = call.controller;
  try {
    // Aborts of calls that have waited may have come together with them.
    await letMessagesIn();
    signal.throwIfAborted();
    const result = await doCall(request, {
      signal,
      onProgress: (progress) => {
        post({ id, progress });
      },
      onWarning: (warning) => {
        post({ id, warning });
      },
      ask: (question, said) => {
        const answered = answerOf(call);
        post({ id, question, said } as Question & { readonly id: number }, memoryOf(said));
        return answered;
      },
    });
    post({ id, result }, request.name === 'open' ? [] : memoryOf(result));
  } catch (error) {
    if (!signal.aborted) post({ id, failure: failureOf(error) });
  } finally {
    calls.delete(id);
  }
}

/** The answer of the owner that comes next; rejects where the call is aborted first. */
function answerOf(call: Open): Promise<Questions[QuestionName]['answer']> {
  const { signal } = call.controller;
  return new Promise((resolve, reject) => {
    if (call.answered !== undefined) throw new InternalError('a worker asks two questions at once');
    const abort = (): void => {
      delete call.answered;
      reject(new InternalError('a call was aborted'));
    };
    call.answered = (given) => {
      delete call.answered;
      signal.removeEventListener('abort', abort);
      resolve(given);
    };
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

/** Whole memory of bytes, which is handed over and not copied. */
function memoryOf(message: Calls[CallName]['result'] | Questions[QuestionName]['said']): ArrayBuffer[] {
  const values = message instanceof Uint8Array ? [message] : Object.values(message ?? {});
  return values.flatMap((value: unknown) =>
    value instanceof Uint8Array && value.buffer instanceof ArrayBuffer ? [value.buffer] : [],
  );
}
