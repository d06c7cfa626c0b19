/**
 * Entry of a worker: builds SEAL and plaintexts once, then loads keys to places and runs its part of the program with those
 * of a place on request.
 */
import type { GaloisKeys, RelinKeys } from 'node-seal';
import { Constant } from '../../../ir/constant.ts';
import { HepcError, InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { sealRefuses } from '../../../ir/diagnostics/runtime.ts';
import type { HeModule } from '../../../ir/he/module.ts';
import { SealContext } from '../../seal/library/context.ts';
import { describeError, isOutOfMemory } from '../../seal/library/exceptions.ts';
import { Handles, liveHandles } from '../../seal/library/handles.ts';
import { instantiateSeal } from '../../seal/library/module.ts';
import { Exchange } from '../exchange/exchange.ts';
import { type Answer, type Failure, failureOf, type SessionProtocol } from '../sessions/protocol.ts';
import { type Post, serveParent } from '../threads/worker-thread.ts';
import { type Executable, execute, Refused } from './executor.ts';
import { PlaintextStore } from './plaintext-store.ts';
import type { EvaluateRequest, LoadRequest, PrepareRequest, Request } from './protocol.ts';
import { workerEncodings, workerProgram } from './worker-program.ts';

/** Progress is reported this often in a run. */
const reports = 100;

interface Prepared {
  readonly executable: Omit<Executable, 'relinKeys' | 'galoisKeys'>;
  readonly totalCost: number;
}

interface LoadedKeys {
  readonly relinKeys: RelinKeys;
  readonly galoisKeys: GaloisKeys;
  readonly handles: Handles;
}

type Reply = Post<SessionProtocol<Request>>;

let prepared: Prepared | undefined;
/** What lives as long as the worker, in the order of creation. */
const owned: { close: () => void }[] = [];
const keysAt = new Map<number, LoadedKeys>();

serveParent<SessionProtocol<Request>>((request, post) => {
  void serve(request, post).then((answer) => {
    post({ ...answer, liveHandles: liveHandles() });
  });
});

async function serve(request: Request, post: Reply): Promise<Answer> {
  try {
    switch (request.kind) {
      case 'prepare':
        prepared = await prepare(request);
        return { kind: 'ready' };
      case 'load':
        load(request);
        return { kind: 'ready' };
      case 'drop':
        drop(request.place);
        return { kind: 'ready' };
      case 'evaluate':
        return evaluate(request, post);
      case 'clear':
        clear();
        return { kind: 'ready' };
    }
  } catch (error) {
    return { kind: 'failed', failure: describeFailure(error) };
  }
}

async function prepare(request: PrepareRequest): Promise<Prepared> {
  const seal = await instantiateSeal(request.compiled);
  const context = new SealContext(seal, request.parameters);
  owned.push(context);
  const { columns, slots, plaintexts: pool, parameters, weights, totalCost } = request;
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
  const encodings = workerEncodings(columns, part);
  const plaintexts = new PlaintextStore(context, program, encodings, request.plaintextRoom);
  owned.push(plaintexts);
  const exchange = new Exchange(request.shared);
  const weightStream = new Exchange(request.weightStream);
  return { executable: { context, program, part, plaintexts, weights, weightStream, exchange }, totalCost };
}

function load({ place, relinKeys: savedRelin, galoisKeys: savedGalois }: LoadRequest): void {
  const { context } = requirePrepared().executable;
  const { seal } = context;
  if (keysAt.has(place)) throw new InternalError(`place ${place} has keys`);
  const handles = new Handles();
  try {
    const relinKeys = handles.own(new seal.RelinKeys());
    const galoisKeys = handles.own(new seal.GaloisKeys());
    loadSaved('the relinearisation key', savedRelin, (bytes) => relinKeys.loadFromArray(context.context, bytes));
    loadSaved('the Galois keys', savedGalois, (bytes) => galoisKeys.loadFromArray(context.context, bytes));
    keysAt.set(place, { relinKeys, galoisKeys, handles });
  } catch (error) {
    handles.freeAll();
    throw error;
  }
}

function loadSaved(what: string, bytes: Uint8Array | undefined, use: (bytes: Uint8Array) => void): void {
  if (bytes === undefined) return;
  try {
    use(bytes);
  } catch (error) {
    if (isOutOfMemory(error)) throw error;
    throw new Refused(what, describeError(error));
  }
}

function drop(place: number): void {
  keysAt.get(place)?.handles.freeAll();
  keysAt.delete(place);
}

function evaluate({ place, inputs }: EvaluateRequest, post: Reply): Answer {
  const { executable, totalCost } = requirePrepared();
  const keys = keysAt.get(place);
  if (keys === undefined) throw new InternalError(`place ${place} has no keys`);
  const { relinKeys, galoisKeys } = keys;
  const start = performance.timeOrigin + performance.now();
  const step = executable.part.cost / reports;
  let unreported = 0;
  const outputs = execute({ ...executable, relinKeys, galoisKeys }, inputs, (cost) => {
    unreported += cost;
    if (unreported < step) return;
    post({ kind: 'progress', part: unreported / totalCost });
    unreported = 0;
  });
  return { kind: 'done', outputs, start, end: performance.timeOrigin + performance.now() };
}

function clear(): void {
  prepared = undefined;
  for (const place of [...keysAt.keys()]) drop(place);
  for (const part of owned.splice(0).reverse()) part.close();
}

function requirePrepared(): Prepared {
  if (prepared === undefined) throw new InternalError('a worker is asked to work before it is prepared');
  return prepared;
}

function describeFailure(error: unknown): Failure {
  if (!(error instanceof Refused)) return failureOf(error);
  return failureOf(new HepcError([sealRefuses({ what: error.what, reason: error.reason })]));
}
