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
export type { KeySet } from './cipher/key-files.ts';
export { FailedJobError, IndexedDbKeyKeeper, MemoryKeyKeeper, RefusedError, RemoteModel } from './remote/library.ts';
export type { InferOptions, KeptKeys, KeyKeeper, RemoteOptions, RemoteStep, RemoteTraffic } from './remote/library.ts';
export type { Model } from './protocol/resources.ts';
