/**
 * `hepc/client-worker`: the client in a worker, for pages whose thread has to stay free; in Node too. Importing has no side
 * effects.
 */
import '../base/supported-node.ts';
export { formatDiagnostic, HepcError, InternalError } from '../../ir/diagnostics/diagnostic.ts';
export type { Diagnostic, NodeRef, Place, Severity } from '../../ir/diagnostics/diagnostic.ts';
export type { GivenSample, GivenValues } from '../../ir/given-samples.ts';
export type { Answer, AnswerValue, ClientElements, ClientSample, ClientValue } from '../../ir/interface.ts';
export type { ModelPort, Port, Sample } from '../../ir/interface.ts';
export type { KeySet } from '../seal/keys.ts';
export { WorkerClient } from './worker-client.ts';
export type { CallOptions } from './worker-client.ts';
