/**
 * `hepc/client`: what a client needs, and nothing of compiler, server and onnxruntime; for browsers too. Plans arrive as
 * their client part alone, or whole, or from a server (`RemoteModel`).
 */
import './base/supported-node.ts';
export { formatDiagnostic, HepcError, InternalError } from '../ir/diagnostics/diagnostic.ts';
export type { Diagnostic, NodeRef, Place, Severity } from '../ir/diagnostics/diagnostic.ts';
export type { ClientPart } from '../ir/plan/plan.ts';
export { Client } from './client.ts';
export type { DecryptedFile, DecryptOptions, EncryptOptions, StreamOptions } from './client.ts';
export type { RandomAccess } from './format/random-access.ts';
export type { Append } from './format/zip-writer.ts';
export type { GivenSample, GivenValues } from '../ir/given-samples.ts';
export type { Answer, AnswerValue, ClientElements, ClientSample, ClientValue } from '../ir/interface.ts';
export { modelInputs, modelOutputs } from '../ir/client/steps.ts';
export type { ModelPort, Port, Sample } from '../ir/interface.ts';
export { readClientPart } from './hep/client-part.ts';
export { openSamples } from './sample-slices.ts';
export { sampleSource } from './sample-source.ts';
export type { SampleSource } from './sample-source.ts';
export { listSamples, loadSamples } from './samples.ts';
export type { Samples } from './samples.ts';
export type { KeySet } from './seal/keys.ts';
export { RefusedError } from './remote/connection.ts';
export { IndexedDbKeyKeeper } from './remote/indexed-db-key-keeper.ts';
export { MemoryKeyKeeper } from './remote/key-keeper.ts';
export type { KeptKeys, KeyKeeper } from './remote/key-keeper.ts';
export { RemoteModel } from './remote/remote-model.ts';
export type { InferOptions, RemoteOptions, RemoteStep, RemoteTraffic } from './remote/remote-model.ts';
export type { Model } from './protocol/resources.ts';
