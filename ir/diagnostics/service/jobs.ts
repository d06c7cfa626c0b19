/** Jobs of a service, and whether they are let in (H820–H839). */
import { defineDiagnostic } from '../diagnostic.ts';

export const queueFull = defineDiagnostic<{ waiting: number; limit: number; retryAfterSeconds: number }>({
  code: 'H820',
  severity: 'error',
  title: 'a service that has enough to do',
  explain:
    'A service lets a bounded number of requests wait, so that whoever waits is answered in time. Who comes when all places ' +
    'are taken is told when to come again.',
  message: ({ waiting, limit }) => `${waiting} requests are waiting already, and there is room for ${limit}`,
  notes: ({ retryAfterSeconds }) => [`Try again in ${retryAfterSeconds} s.`],
});

export const wrongBodyLength = defineDiagnostic<{ declared: number; got: number }>({
  code: 'H821',
  severity: 'error',
  title: 'encrypted inputs of another length than they say',
  explain:
    'A file of encrypted inputs says at its beginning how many ciphertexts of which sizes follow. What is sent must be ' +
    'exactly as long.',
  message: ({ declared, got }) =>
    got < declared
      ? `the encrypted inputs should have ${declared} bytes by their header, but ended after ${got}`
      : `the encrypted inputs should have ${declared} bytes by their header, but go on behind these`,
  notes: () => ['Send the whole file again.'],
});

export const inputsTooLarge = defineDiagnostic<{ bytes: number; limit: number }>({
  code: 'H822',
  severity: 'error',
  title: 'more encrypted inputs than the service takes at once',
  explain: 'A service takes a bounded number of bytes in one request.',
  message: ({ bytes, limit }) => `the encrypted inputs have ${bytes} bytes, and the service takes ${limit} at once`,
  notes: () => ['Send the samples in several requests.'],
});

export const otherRequest = defineDiagnostic({
  code: 'H823',
  severity: 'error',
  title: 'an idempotency key that stands for another request',
  explain:
    'Requests with the same idempotency key are the same request, which is done once. They must be for the same model ' +
    'and keys.',
  message: () => 'the idempotency key has been used for a request with another model or other keys',
  notes: () => ['Take a new idempotency key for each new request.'],
});

export const pastDeadline = defineDiagnostic<{ seconds: number }>({
  code: 'H824',
  severity: 'error',
  title: 'a request that has not been done in time',
  explain: 'A request has a deadline, by which it is given up. It begins when the request is accepted.',
  message: ({ seconds }) => `the request was not done within ${seconds} s`,
  notes: () => ['Allow it more time, send fewer samples at once, or try again when the service has less to do.'],
});

export const givenUp = defineDiagnostic<{ attempts: number; reason: string }>({
  code: 'H825',
  severity: 'error',
  title: 'a request that has failed each time',
  explain:
    'A request whose evaluation ends with an error of the service, or takes the worker with it, is tried again, but not for ever: ' +
    'it might end each worker that takes it.',
  message: ({ attempts, reason }) => `the request has failed ${attempts} times, the last time because ${reason}`,
  notes: () => ['Tell the operator of the service, whose log has the particulars.'],
});

export const unreadableRecord = defineDiagnostic<{ what: string; reason: string }>({
  code: 'H826',
  severity: 'error',
  title: 'a record of the service that cannot be read',
  explain: 'A service keeps records of its jobs. One of them is damaged, or was written by another version of hepc.',
  message: ({ what, reason }) => `the record of ${what} is not as it should be: ${reason}`,
  notes: () => ['Run all processes of a service in the same version of hepc.'],
});

export const objectGone = defineDiagnostic<{ what: string }>({
  code: 'H827',
  severity: 'error',
  title: 'something that a job needs is gone',
  explain:
    'A job needs its plan, the evaluation keys and its inputs until it is done. Keys that are deleted meanwhile end the jobs ' +
    'that need them.',
  message: ({ what }) => `${what} has been deleted before the job was done`,
  notes: () => ['Upload what is missing and send the request again.'],
});
