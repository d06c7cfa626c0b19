/** Diagnostics H800 to H811: where a service keeps its state, a folder of this machine or NATS JetStream. */
import { defineDiagnostic } from '../diagnostic.ts';

export const storeInUse = defineDiagnostic<{ folder: string; pid: number; host: string | undefined }>({
  code: 'H800',
  severity: 'error',
  title: 'another process uses the store',
  explain:
    'A store folder belongs to one process at a time, which writes who it is into the file `lock`. The lock of a process ' +
    'that has ended is taken over. Where it belongs to another machine or container, whose processes cannot be seen from ' +
    'here, it counts as held as long as its file is touched.',
  message: ({ folder, pid, host }) =>
    `${folder} is used by process ${pid}${host === undefined ? '' : ` of ${host}`} already`,
  notes: () => ['Stop that process first, or give this one a folder of its own by --store.'],
});

export const storeUnusable = defineDiagnostic<{ folder: string; reason: string }>({
  code: 'H801',
  severity: 'error',
  title: 'the store folder cannot be used',
  explain:
    'The service keeps keys, jobs and uploads in one folder, which it makes itself. It has to be a folder that this user may ' +
    'read and write, of a version of hepc that this one knows.',
  message: ({ folder, reason }) => `${folder} cannot be used as a store: ${reason}`,
  notes: () => ['Check its owner and permissions, or give another folder by --store.'],
});

export const natsUnusable = defineDiagnostic<{ servers: string; reason: string }>({
  code: 'H802',
  severity: 'error',
  title: 'the NATS server cannot be used',
  explain:
    'Fronts and workers keep what has to last in NATS JetStream. The server has to answer, to accept the credentials that ' +
    'it is given, to show a certificate that is known here where TLS is asked for, to have JetStream enabled with enough room ' +
    'for the limits of the streams, and to be of version 2.11 or later.',
  message: ({ servers, reason }) => `the NATS server at ${servers} cannot be used: ${reason}`,
  notes: () => [
    'Start nats-server with -js and a store folder, and check address, credentials and certificates: --nats-creds, --nats-ca, ' +
      '--nats-cert.',
  ],
});

export const otherLease = defineDiagnostic<{ given: number; has: number; stream: string }>({
  code: 'H803',
  severity: 'error',
  title: 'the fleet has another lease',
  explain:
    'A worker that has not been heard of for the time of a lease has lost its tasks to others. Who takes a task and who may ' +
    'take it over have to agree on that time, so the first process of a fleet says it for all, and NATS remembers it.',
  message: ({ given, has }) => `the lease of this fleet is ${has} s, not ${given} s`,
  notes: ({ stream }) => [
    `Leave --lease away to take the fleet's. To change it, stop all fronts and workers and delete the stream ${stream}.`,
  ],
});

export const unlikeAnnounced = defineDiagnostic<{ what: string; expected: string; got: string }>({
  code: 'H805',
  severity: 'error',
  title: 'the bytes are others than announced',
  explain:
    'What is stored under a digest has to have that SHA-256 digest. These bytes have another one: they were damaged on the ' +
    'way, or the digest is that of another file. Nothing has been stored.',
  message: ({ what, expected, got }) => `${what} has the digest ${got}, announced was ${expected}`,
  notes: () => ['Compute the digest of the file that is sent, and send it again.'],
});

export const tooManyBytes = defineDiagnostic<{ what: string; limitBytes: number }>({
  code: 'H806',
  severity: 'error',
  title: 'more bytes than allowed',
  explain:
    'Each object has a limit: what was announced for an upload, what the plan takes as input, what the operator allows. ' +
    'Nothing beyond it is read or stored.',
  message: ({ what, limitBytes }) => `${what} has more than ${limitBytes} bytes`,
  notes: () => ['Send what was announced, or have the operator raise the limit.'],
});

export const noRoom = defineDiagnostic<{ what: string; reason: string }>({
  code: 'H807',
  severity: 'error',
  title: 'the store has no room, or its disk fails',
  explain:
    'The disk or the stream that the service stores in is full, over its quota, or returns errors. What was being written ' +
    'is gone as a whole; what was there before has not changed.',
  message: ({ what, reason }) => `${what} could not be stored: ${reason}`,
  notes: () => ['Make room, or have the operator do so, and try again.'],
});

export const damagedObject = defineDiagnostic<{ what: string; reason: string }>({
  code: 'H808',
  severity: 'error',
  title: 'what is stored is damaged',
  explain:
    'Each object is stored with its size and SHA-256 digest, each record with that of its text. What is there now does not ' +
    'agree with them, so it is not used: the disk returned other bytes, or somebody has changed the files of the store.',
  message: ({ what, reason }) => `${what} is damaged: ${reason}`,
  notes: () => ['Delete it and store it again; check the disk.'],
});

export const otherOffset = defineDiagnostic<{ id: string; reason: string }>({
  code: 'H809',
  severity: 'error',
  title: 'the upload goes on from another place',
  explain:
    'Bytes are appended at the end of what has arrived, by one connection at a time. This request names another offset, or ' +
    'another connection is appending.',
  message: ({ id, reason }) => `the upload ${id} cannot be continued: ${reason}`,
  notes: () => ['Ask for the offset of the upload, and go on from there.'],
});

export const recordSetAside = defineDiagnostic<{ file: string; reason: string }>({
  code: 'H810',
  severity: 'warning',
  title: 'a damaged record has been set aside',
  explain:
    'A small file of the store, a record or a task, is not what was written: the machine lost power before it was on the ' +
    'disk, or somebody has changed it. It has been moved to the folder `damaged`, and counts as not there.',
  message: ({ file, reason }) => `${file} has been moved to the folder damaged: ${reason}`,
  notes: () => ['Look at the file; delete it when it is of no use.'],
});

export const serverGone = defineDiagnostic<{ servers: string; what: string }>({
  code: 'H811',
  severity: 'error',
  title: 'the NATS server does not answer',
  explain:
    'Calls wait for the connection to come back, for a stated time. What was asked for may have been done or not. The ' +
    'service goes on trying to connect.',
  message: ({ servers, what }) => `the NATS server at ${servers} has not answered in time: ${what}`,
  notes: () => ['Try again later; see whether the server runs.'],
});
