/** Entry of a worker: a `Client` that does one call after another, and hears of aborts between keys and runs. */
import { modelInputs, modelOutputs } from '../../ir/client/steps.ts';
import { type Diagnostic, InternalError } from '../../ir/diagnostics/diagnostic.ts';
import type { Answer } from '../../ir/interface.ts';
import { Client } from '../client.ts';
import { failureOf } from '../engines/sessions/protocol.ts';
import { letMessagesIn, type Post, serveParent } from '../engines/threads/worker-thread.ts';
import { bytesAccess } from '../format/random-access.ts';
import { readClientPart } from '../hep/client-part.ts';
import { sampleSource } from '../sample-source.ts';
import type { Call, CallName, Calls, ClientProtocol } from './protocol.ts';

interface Context {
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number) => void;
  readonly onWarning: (warning: Diagnostic) => void;
}

let client: Client | undefined;
let previous: Promise<void> = Promise.resolve();
/** Of calls that are under way or wait. */
const aborts = new Map<number, AbortController>();

serveParent<ClientProtocol>((request, post) => {
  if ('abort' in request) {
    aborts.get(request.abort)?.abort();
    return;
  }
  const controller = new AbortController();
  aborts.set(request.id, controller);
  previous = previous.then(() => answer(request, controller.signal, post));
});

async function answer(call: Call, signal: AbortSignal, post: Post<ClientProtocol>): Promise<void> {
  const { id } = call;
  const warnings: Diagnostic[] = [];
  try {
    // Aborts of calls that have waited may have come together with them.
    await letMessagesIn();
    signal.throwIfAborted();
    const result = await resultOf(call, {
      signal,
      onProgress: (progress) => {
        post({ id, progress });
      },
      onWarning: (warning) => warnings.push(warning),
    });
    post({ id, result, warnings }, memoryOf(result));
  } catch (error) {
    if (!signal.aborted) post({ id, failure: failureOf(error) });
  } finally {
    aborts.delete(id);
  }
}

async function resultOf(call: Call, context: Context): Promise<Calls[CallName]['result']> {
  switch (call.name) {
    case 'open': {
      const part = readClientPart(call.given, 'the plan');
      client = await Client.create(part);
      return { inputs: modelInputs(part, part.inputs), outputs: modelOutputs(part, part.outputs) };
    }
    case 'generateKeys':
      return generateKeys(opened(), context);
    case 'loadKeys':
      opened().loadKeys(call.given);
      return undefined;
    case 'encrypt':
      return encrypt(opened(), call.given, context);
    case 'decrypt':
      return decrypt(opened(), call.given, context);
  }
}

async function generateKeys(own: Client, { signal, onProgress }: Context): Promise<Calls['generateKeys']['result']> {
  const keys = own.generateKeysStepwise();
  try {
    for (;;) {
      const { done, value } = keys.next();
      if (done === true) return value;
      onProgress(value);
      await letMessagesIn();
      signal.throwIfAborted();
    }
  } catch (error) {
    keys.throw(error);
    throw error;
  }
}

async function encrypt(own: Client, samples: Calls['encrypt']['given'], context: Context): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  const append = async (bytes: Uint8Array): Promise<void> => {
    pieces.push(bytes.slice());
    await letMessagesIn();
  };
  const file = new Uint8Array(await own.encryptTo(sampleSource(samples), append, context));
  let at = 0;
  for (const piece of pieces) {
    file.set(piece, at);
    at += piece.length;
  }
  return file;
}

async function decrypt(
  own: Client,
  { outputs, raw }: Calls['decrypt']['given'],
  context: Context,
): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for await (const run of (await own.decryptFrom(bytesAccess(outputs), { ...context, raw })).runs) {
    answers.push(...run);
    await letMessagesIn();
  }
  return answers;
}

function opened(): Client {
  if (client === undefined) throw new InternalError('a worker is asked to work before it has a plan');
  return client;
}

/** Whole memory of bytes, which is handed over and not copied. */
function memoryOf(result: Calls[CallName]['result']): ArrayBuffer[] {
  const values = result instanceof Uint8Array ? [result] : Object.values(result ?? {});
  return values.flatMap((value: unknown) =>
    value instanceof Uint8Array && value.buffer instanceof ArrayBuffer ? [value.buffer] : [],
  );
}
