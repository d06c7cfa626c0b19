/** What `hepc/client` has of servers: a file of its own in the build for browsers, which bundlers leave out where it is not used. */
export { FailedJobError, RefusedError } from './errors.ts';
export { IndexedDbKeyKeeper } from './indexed-db-key-keeper.ts';
export { MemoryKeyKeeper } from './key-keeper.ts';
export type { KeptKeys, KeyKeeper } from './key-keeper.ts';
export { RemoteModel } from './remote-model.ts';
export type { InferOptions, RemoteOptions, RemoteStep, RemoteTraffic } from './remote-model.ts';
