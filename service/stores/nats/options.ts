/** What the operator of a fleet decides. */
/** Secrets are read from files, or given by whoever calls; they occur in no message. */
export interface NatsCredentials {
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  /** A file with the seed of an nkey. */
  readonly nkeyFile?: string;
  /** A file as `nsc` makes it: a user's JWT with its seed. */
  readonly credsFile?: string;
}

export interface NatsTls {
  /** Certificates of the authorities that the server's is checked by, others than those of the system. */
  readonly caFile?: string;
  /** Of this client, where the server asks for one. */
  readonly certFile?: string;
  readonly keyFile?: string;
}

export interface NatsOptions {
  /** Of tasks and leases, the same for all of a fleet: what the first one said. Whoever says none takes it. */
  readonly leaseSeconds?: number;
  /** Begins the names of all streams and subjects, so that several services may share a server. */
  readonly prefix?: string;
  /** Servers of a cluster that hold each stream: 1, 3 or 5. */
  readonly replicas?: number;
  /** Bytes that the streams may take together; reserved by the server. */
  readonly storeBytes?: number;
  /** How long calls wait for a server that has gone before they reject with H811. */
  readonly outageSeconds?: number;
  /** Where objects lie that have been read, of one process at a time. A free one among the temporary files, if not given. */
  readonly cacheFolder?: string;
  readonly cacheBytes?: number;
  readonly credentials?: NatsCredentials;
  readonly tls?: NatsTls;
  /** What the server calls this client. */
  readonly name?: string;
}

export const defaultNatsOptions = {
  leaseSeconds: 30,
  prefix: 'hepc',
  replicas: 1,
  storeBytes: 16 * 2 ** 30,
  outageSeconds: 15,
  cacheBytes: 8 * 2 ** 30,
} as const;
