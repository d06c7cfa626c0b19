/** In the worker: what each call of a `WorkerClient` does with the `Client`. */
import { type Diagnostic, InternalError } from '../../ir/diagnostics/diagnostic.ts';
import type { Answer } from '../../ir/interface.ts';
import type { ClientPart } from '../../ir/plan/plan.ts';
import { Client } from '../client.ts';
import { letMessagesIn } from '../engines/threads/worker-thread.ts';
import { bytesAccess, type RandomAccess } from '../format/random-access.ts';
import { readClientPart } from '../hep/client-part.ts';
import { sampleSource } from '../sample-source.ts';
import type { Call, CallName, Calls, QuestionName, Questions } from './protocol.ts';

export interface CallContext {
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number) => void;
  readonly onWarning: (warning: Diagnostic) => void;
  /** What the owner says; memory of bytes becomes the owner's. Rejects once the call is aborted. */
  readonly ask: <Name extends QuestionName>(
    question: Name,
    said: Questions[Name]['said'],
  ) => Promise<Questions[Name]['answer']>;
}

type Given<Name extends CallName> = Calls[Name]['given'];
type Result<Name extends CallName> = Promise<Calls[Name]['result']>;

/** A file of encrypted outputs that is read run by run, by a call each. */
interface OpenOutputs {
  /** Of the call that reads. */
  context: CallContext;
  readonly runs: AsyncIterator<Answer[]>;
}

let client: Client | undefined;
const outputFiles = new Map<number, OpenOutputs>();

export async function doCall(call: Call, context: CallContext): Result<CallName> {
  switch (call.name) {
    case 'open':
      return open(call.given, context);
    case 'generateKeys':
      return generateKeys(opened(), context);
    case 'loadKeys':
      opened().loadKeys(call.given);
      return undefined;
    case 'encrypt':
      return encrypt(opened(), call.given, context);
    case 'encryptTo':
      return encryptTo(opened(), call.given, context);
    case 'refresh':
      return opened().refresh(call.given);
    case 'decrypt':
      return decrypt(opened(), call.given, context);
    case 'decryptFrom':
      return decryptFrom(opened(), call.given, context);
    case 'nextRun':
      return nextRun(call.given, context);
  }
}

/** Forgets a file of `decryptFrom`. */
export function leaveOutputs(file: number): void {
  outputFiles.delete(file);
}

async function open(given: Given<'open'>, { onWarning }: CallContext): Promise<ClientPart> {
  const part = readClientPart(given, 'the plan', { onWarning });
  client = await Client.create(part);
  return part;
}

async function generateKeys(own: Client, { signal, onProgress, ask }: CallContext): Result<'generateKeys'> {
  const keys = own.generateKeysStepwise();
  try {
    for (;;) {
      const { done, value } = keys.next();
      if (done === true) return value;
      onProgress(value);
      await letMessagesIn();
      signal.throwIfAborted();
      // The last step loads the keys in place of those before.
      if (value === 0 || value === 1) await ask('wanted', undefined);
    }
  } catch (error) {
    keys.throw(error);
    throw error;
  }
}

async function encrypt(own: Client, { samples, place }: Given<'encrypt'>, context: CallContext): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  const append = async (bytes: Uint8Array): Promise<void> => {
    pieces.push(bytes.slice());
    await letMessagesIn();
  };
  const file = new Uint8Array(await own.encryptTo(sampleSource(samples), append, { ...context, place }));
  let at = 0;
  for (const piece of pieces) {
    file.set(piece, at);
    at += piece.length;
  }
  return file;
}

function encryptTo(own: Client, { count, place }: Given<'encryptTo'>, context: CallContext): Promise<number> {
  const { ask } = context;
  const samples = { count, read: (first: number, end: number) => ask('samples', { first, end }) };
  return own.encryptTo(samples, (bytes) => ask('append', bytes.slice()), { ...context, place });
}

async function decrypt(own: Client, { outputs, raw }: Given<'decrypt'>, context: CallContext): Result<'decrypt'> {
  const answers: Answer[] = [];
  for await (const run of (await own.decryptFrom(bytesAccess(outputs), { ...context, raw })).runs) {
    answers.push(...run);
    await letMessagesIn();
  }
  return answers;
}

async function decryptFrom(
  own: Client,
  { file, size, raw }: Given<'decryptFrom'>,
  context: CallContext,
): Result<'decryptFrom'> {
  const reading = { context };
  const access: RandomAccess = { size, read: (offset, length) => reading.context.ask('bytes', { offset, length }) };
  const { samples, runs } = await own.decryptFrom(access, {
    raw,
    onProgress: (fraction) => {
      reading.context.onProgress(fraction);
    },
    onWarning: (warning) => {
      reading.context.onWarning(warning);
    },
  });
  outputFiles.set(file, Object.assign(reading, { runs: runs[Symbol.asyncIterator]() }));
  return { samples };
}

async function nextRun({ file }: Given<'nextRun'>, context: CallContext): Result<'nextRun'> {
  const reading = outputFiles.get(file);
  if (reading === undefined) throw new InternalError('a worker is asked for a run of a file that it does not have');
  reading.context = context;
  const run = await reading.runs.next();
  return run.done === true ? undefined : run.value;
}

function opened(): Client {
  if (client === undefined) throw new InternalError('a worker is asked to work before it has a plan');
  return client;
}
