/** Entry of a worker: builds SEAL, keys and plaintexts once, then runs its part of the program on request. */
import { Constant } from '../../../ir/constant.ts';
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import type { HeModule } from '../../../ir/he/module.ts';
import { SealContext } from '../../seal/library/context.ts';
import { describeError, isOutOfMemory } from '../../seal/library/exceptions.ts';
import { Handles, liveHandles } from '../../seal/library/handles.ts';
import { instantiateSeal } from '../../seal/library/module.ts';
import { type Post, serveParent } from '../threads/worker-thread.ts';
import { Exchange, Stopped } from '../exchange/exchange.ts';
import { type Executable, execute, Refused } from './executor.ts';
import { PlaintextStore } from './plaintext-store.ts';
import type { Answer, EvaluateRequest, Failure, PrepareRequest, Request, SessionProtocol } from './protocol.ts';
import { collectEncodings, workerProgram } from './worker-program.ts';

/** Progress is reported this often in a run. */
const reports = 100;

let executable: Executable | undefined;
/** What lives as long as the worker, in the order of creation. */
const owned: { close: () => void }[] = [];

serveParent<SessionProtocol>((request, post) => {
  void serve(request, post).then((answer) => {
    post({ kind: 'answer', answer, liveHandles: liveHandles() });
  });
});

async function serve(request: Request, post: Post<SessionProtocol>): Promise<Answer> {
  try {
    switch (request.kind) {
      case 'prepare':
        executable = await prepare(request);
        return { kind: 'ready' };
      case 'evaluate':
        return evaluate(request, post);
      case 'close':
        close();
        return { kind: 'closed' };
    }
  } catch (error) {
    return { kind: 'failed', failure: failureOf(error) };
  }
}

async function prepare(request: PrepareRequest): Promise<Executable> {
  const seal = await instantiateSeal(request.compiled);
  const context = new SealContext(seal, request.parameters);
  owned.push(context);
  const handles = new Handles();
  owned.push({ close: () => handles.freeAll() });
  const relinKeys = handles.own(new seal.RelinKeys());
  const galoisKeys = handles.own(new seal.GaloisKeys());
  loadKeys('the relinearisation key', request.relinKeys, (bytes) => relinKeys.loadFromArray(context.context, bytes));
  loadKeys('the Galois keys', request.galoisKeys, (bytes) => galoisKeys.loadFromArray(context.context, bytes));
  const { columns, slots, plaintexts: pool, parameters, weights } = request;
  const packed = request.packed.map(({ shape, data }) => new Constant(shape, data));
  const program: HeModule = {
    level: 'he',
    name: '',
    slots,
    parameters,
    columns,
    plaintexts: pool,
    packed,
    origins: [],
  };
  const part = workerProgram(columns, request.workerOf, request.worker);
  const encodings = collectEncodings(columns, part);
  const plaintexts = new PlaintextStore(context, program, encodings, request.plaintextRoom);
  owned.push(plaintexts);
  const exchange = new Exchange(request.shared);
  const weightStream = new Exchange(request.weightStream);
  return { context, program, part, plaintexts, relinKeys, galoisKeys, weights, weightStream, exchange };
}

function loadKeys(what: string, bytes: Uint8Array | undefined, load: (bytes: Uint8Array) => void): void {
  if (bytes === undefined) return;
  try {
    load(bytes);
  } catch (error) {
    if (isOutOfMemory(error)) throw error;
    throw new Refused(what, describeError(error));
  }
}

function evaluate({ inputs }: EvaluateRequest, post: Post<SessionProtocol>): Answer {
  if (executable === undefined) throw new InternalError('a worker is asked to evaluate before it is prepared');
  const start = performance.timeOrigin + performance.now();
  const step = executable.part.cost / reports;
  let unreported = 0;
  const outputs = execute(executable, inputs, (cost) => {
    unreported += cost;
    if (unreported < step) return;
    post({ kind: 'progress', cost: unreported });
    unreported = 0;
  });
  return { kind: 'done', outputs, start, end: performance.timeOrigin + performance.now() };
}

function close(): void {
  executable = undefined;
  for (const part of owned.splice(0).reverse()) part.close();
}

function failureOf(error: unknown): Failure {
  if (error instanceof Stopped) return { reason: 'stopped' };
  if (error instanceof Refused) return { reason: 'refused', what: error.what, text: error.reason };
  if (isOutOfMemory(error)) return { reason: 'out-of-memory' };
  const stack = error instanceof Error && typeof error.stack === 'string' ? `\n${error.stack}` : '';
  return { reason: 'internal', text: `${describeError(error)}${stack}` };
}
