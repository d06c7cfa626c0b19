/**
 * `hepc/client-worker`: the client in a worker, for pages whose thread has to stay free; in Node too. Importing has no side
 * effects.
 */
import '../base/supported-node.ts';
export { formatDiagnostic, HepcError, InternalError } from '../../ir/diagnostics/diagnostic.ts';
export type { Diagnostic, NodeRef, Place, Severity } from '../../ir/diagnostics/diagnostic.ts';
export type { ClientPart } from '../../ir/plan/plan.ts';
export type { DecryptedFile, DecryptOptions, StreamOptions } from '../client.ts';
export type { RandomAccess } from '../format/random-access.ts';
export type { Append } from '../format/zip-writer.ts';
export type { GivenSample, GivenValues } from '../../ir/given-samples.ts';
export type { Answer, AnswerValue, ClientElements, ClientSample, ClientValue } from '../../ir/interface.ts';
export type { ModelPort, Port, Sample } from '../../ir/interface.ts';
export type { KeySet } from '../cipher/key-files.ts';
export { sampleSource } from '../sample-source.ts';
export type { SampleSource } from '../sample-source.ts';
export type { OwnWorker } from './own-worker.ts';
export type { BrowserWorker } from '../engines/threads/worker-thread.ts';
export { WorkerClient } from './worker-client.ts';
export type { CallOptions, WorkerOptions } from './worker-client.ts';
