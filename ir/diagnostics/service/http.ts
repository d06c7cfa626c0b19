/** Diagnostics H840–H869: what a service refuses at its door, and why it does not start. */
import { defineDiagnostic } from '../diagnostic.ts';

export const unknownModel = defineDiagnostic<{ id: string; suggestion?: string | undefined }>({
  code: 'H840',
  severity: 'error',
  title: 'no such model',
  explain: 'The service has no plan of this name. `GET /v1/models` lists those that it has.',
  message: ({ id }) => `there is no model ${JSON.stringify(id)}`,
  notes: ({ suggestion }) => [
    ...(suggestion === undefined ? [] : [`Did you mean ${suggestion}?`]),
    'GET /v1/models lists all.',
  ],
});

export const unknownKeys = defineDiagnostic<{ digest: string }>({
  code: 'H841',
  severity: 'error',
  title: 'evaluation keys that the service does not have',
  explain:
    'No keys with this SHA-256 were uploaded under this token, or they were deleted, or they were not used for longer than ' +
    'the service keeps them. Keys that somebody else has uploaded are as unknown as those that nobody has.',
  message: ({ digest }) => `there are no evaluation keys ${digest}`,
  notes: () => ['Upload them to /v1/uploads, then send the request again.'],
});

export const unknownJob = defineDiagnostic<{ id: string }>({
  code: 'H842',
  severity: 'error',
  title: 'no such job',
  explain: 'No job of this name was begun under this token, or its result has been kept for as long as was promised.',
  message: ({ id }) => `there is no job ${JSON.stringify(id)}`,
  notes: () => ['Send the inputs again.'],
});

export const jobNotDone = defineDiagnostic<{ state: string }>({
  code: 'H843',
  severity: 'error',
  title: 'the result of a job that is not done',
  explain: 'A job has a result once it is done. Its state, and events that tell when it changes, say when that is.',
  message: ({ state }) => `the job has no result: it is ${state}`,
  notes: () => ['GET /v1/jobs/ID/events ends when the job does.'],
});

export const jobAsksNothing = defineDiagnostic<{ state: string }>({
  code: 'H880',
  severity: 'error',
  title: 'an answer to a job that has asked for none',
  explain:
    'Jobs of plans with refreshes ask their client to encrypt values anew: such a job is done, its status has `asks`, and its result ' +
    'is the request. Its answer makes another job. Any other job is over when it is done.',
  message: ({ state }) => `the job, which is ${state}, has not asked its client for anything`,
  notes: () => ['Post the answer to the job that the request is the result of.'],
});

export const jobCancelled = defineDiagnostic<object>({
  code: 'H844',
  severity: 'error',
  title: 'a job that was cancelled',
  explain: 'A job that was cancelled, by DELETE or because its caller went away, has no result and will have none.',
  message: () => 'the job was cancelled',
  notes: () => ['Send the inputs again.'],
});

export const keyQuota = defineDiagnostic<{ used: number; wanted: number; limit: number }>({
  code: 'H845',
  severity: 'error',
  title: 'more keys than a tenant may have',
  explain:
    'The evaluation keys of a tenant may take only so many bytes together, uploads that are under way counted ' +
    '(`hepc serve --tenant-keys`). Keys that are not used are deleted after a time.',
  message: ({ used, wanted, limit }) =>
    `keys of ${wanted} bytes beside ${used} would be more than the ${limit} allowed`,
  notes: () => ['Delete keys that are no longer used: DELETE /v1/keys/DIGEST.'],
});

export const keysTooLarge = defineDiagnostic<{ length: number; limit: number; model: string }>({
  code: 'H846',
  severity: 'error',
  title: 'an upload larger than the keys of the plan',
  explain: 'A plan says what its evaluation keys take. A file that is larger is something else.',
  message: ({ length, limit, model }) =>
    `the upload has ${length} bytes, and evaluation keys of ${JSON.stringify(model)} at most ${limit}`,
  notes: () => ['Check that the keys are those of this model.'],
});

export const unknownUpload = defineDiagnostic<object>({
  code: 'H847',
  severity: 'error',
  title: 'no such upload',
  explain:
    'No upload of this name was begun under this token, or it was given up, or refused, or left alone for too long.',
  message: () => 'there is no such upload',
  notes: () => ['Ask by HEAD /v1/keys/DIGEST whether the keys have arrived, and begin again if they have not.'],
});

export const badUpload = defineDiagnostic<{ reason: string }>({
  code: 'H848',
  severity: 'error',
  title: 'a request that is no upload by tus',
  explain:
    'Keys are uploaded by the protocol tus 1.0.0 (https://tus.io): POST with Upload-Length and Upload-Metadata, where ' +
    '`digest` is the SHA-256 of the file in hexadecimal and `model` the name of a model; then PATCH. The status is 412 for ' +
    'another version of tus, and 400 otherwise.',
  message: ({ reason }) => reason,
  notes: () => ['Use a client of tus 1.0.0, such as tus-js-client, or `hepc infer`.'],
});

export const uploadConflict = defineDiagnostic<object>({
  code: 'H849',
  severity: 'error',
  title: 'a piece of an upload that does not begin where the last one ended',
  explain:
    'Somebody else is sending the same upload, or a connection broke and more, or less, has arrived than was thought.',
  message: () => 'the upload is at another offset',
  notes: () => ['Ask by HEAD for the offset, and go on from there.'],
});

export const unauthorized = defineDiagnostic<object>({
  code: 'H850',
  severity: 'error',
  title: 'no token, or a wrong one',
  explain:
    'The service knows its clients by tokens (`hepc serve --tokens`), which are sent as `Authorization: Bearer TOKEN`.',
  message: () => 'the request has no token that is known here',
  notes: () => ['Ask the operator of the service for a token.'],
});

export const forbidden = defineDiagnostic<{ what: string }>({
  code: 'H851',
  severity: 'error',
  title: 'a token that is good for something else',
  explain:
    'Metrics tell of all tenants together. Where there are tokens, that of the name `metrics` reads them, and is good for ' +
    'nothing else.',
  message: ({ what }) => `this token does not give access to ${what}`,
  notes: () => ['Use the token that belongs to it.'],
});

export const unknownRoute = defineDiagnostic<object>({
  code: 'H852',
  severity: 'error',
  title: 'no such resource',
  explain: 'The service has nothing at this path. /openapi.json describes all that it has.',
  message: () => 'there is nothing at this path',
  notes: () => ['GET /openapi.json describes all resources.'],
});

export const wrongMethod = defineDiagnostic<{ method: string; allowed: readonly string[] }>({
  code: 'H853',
  severity: 'error',
  title: 'a method that the resource does not have',
  explain: 'The header `Allow` of the answer lists the methods of the resource.',
  message: ({ method, allowed }) => `the method ${method} is not one of ${allowed.join(', ')}`,
  notes: () => ['GET /openapi.json describes all resources.'],
});

export const notAcceptable = defineDiagnostic<{ type: string }>({
  code: 'H854',
  severity: 'error',
  title: 'an answer in a form that was not asked for',
  explain: 'A resource has one form. The header `Accept` of the request leaves it out.',
  message: ({ type }) => `the answer would be ${type}, which the request does not accept`,
  notes: ({ type }) => [`Send Accept: ${type}, or no such header.`],
});

export const lengthRequired = defineDiagnostic<{ what: string }>({
  code: 'H855',
  severity: 'error',
  title: 'a request without a body',
  explain: 'The resource takes a body, with a Content-Length or in chunks.',
  message: ({ what }) => `the request has no body: expected ${what}`,
  notes: () => ['Send the body with its length.'],
});

export const bodyTooLarge = defineDiagnostic<{ limit: number }>({
  code: 'H856',
  severity: 'error',
  title: 'a body that is too large',
  explain: 'Bodies are read up to a bound (`hepc serve --max-input`), and to none where the resource takes none.',
  message: ({ limit }) => `the body has more than ${limit} bytes`,
  notes: () => ['Send fewer samples at once.'],
});

export const wrongContentType = defineDiagnostic<{ expected: string }>({
  code: 'H857',
  severity: 'error',
  title: 'a body of another type',
  explain: 'The header `Content-Type` says what the body is; the resource takes one type, and no Content-Encoding.',
  message: ({ expected }) => `expected ${expected}`,
  notes: ({ expected }) => [`Send Content-Type: ${expected}.`],
});

export const expectationFailed = defineDiagnostic<object>({
  code: 'H858',
  severity: 'error',
  title: 'an expectation that the service does not know',
  explain: 'The one expectation that HTTP knows is `Expect: 100-continue`.',
  message: () => 'the request expects something else than 100-continue',
  notes: () => ['Leave out the header Expect.'],
});

export const headersTooLarge = defineDiagnostic<object>({
  code: 'H859',
  severity: 'error',
  title: 'headers that are too large',
  explain: 'The headers of a request may take 16 KiB together.',
  message: () => 'the headers of the request are too large',
  notes: () => ['Send fewer headers.'],
});

export const badRequest = defineDiagnostic<{ reason: string }>({
  code: 'H860',
  severity: 'error',
  title: 'a request that the service does not understand',
  explain:
    'The request is not HTTP, or a header or a part of its path is not of the form that /openapi.json describes.',
  message: ({ reason }) => reason,
  notes: () => ['GET /openapi.json describes all resources.'],
});

export const slowBody = defineDiagnostic<{ seconds: number }>({
  code: 'H861',
  severity: 'error',
  title: 'a request that stands still',
  explain:
    'Headers have to arrive in a minute, and a body may not stand still for longer than `hepc serve --stall` says.',
  message: ({ seconds }) => `nothing has arrived for ${seconds} s`,
  notes: () => ['Send it again; an upload goes on from where it was.'],
});

export const draining = defineDiagnostic<object>({
  code: 'H862',
  severity: 'error',
  title: 'a service that is about to stop',
  explain:
    'The service finishes what it has begun, and takes nothing new. Jobs that it has accepted go on when it starts again.',
  message: () => 'the service is about to stop',
  notes: () => ['Try again later, or at another server.'],
});

export const internalProblem = defineDiagnostic<object>({
  code: 'H863',
  severity: 'error',
  title: 'a bug of the service',
  explain:
    'Something went wrong that should not. The answer tells nothing about it; the log of the service does, under the ' +
    'identity that the header `Request-Id` of the answer has.',
  message: () => 'something went wrong in the service',
  notes: () => ['Tell the operator of the service the Request-Id of the answer.'],
});

export const tooManyUploads = defineDiagnostic<{ limit: number }>({
  code: 'H864',
  severity: 'error',
  title: 'too many uploads at once',
  explain: 'A tenant may have only so many uploads under way. Those that stand still go after a time.',
  message: ({ limit }) => `there are ${limit} uploads under way already`,
  notes: () => ['Finish them, or give them up by DELETE.'],
});

export const badTokens = defineDiagnostic<{ reason: string }>({
  code: 'H865',
  severity: 'error',
  title: 'a file of tokens that is not one',
  explain:
    'Each line of `hepc serve --tokens FILE` has the name of a tenant and its token with a space between; in place of the ' +
    'token may stand `sha256:` and its SHA-256 in hexadecimal. Names are letters, digits, - and _, at most 64. Tokens are ' +
    'letters, digits and -._~+/=, at least 16. Empty lines, and those that begin with #, are left out.',
  message: ({ reason }) => reason,
  notes: () => ['`openssl rand -hex 32` makes a token.'],
});

export const openTokens = defineDiagnostic<object>({
  code: 'H866',
  severity: 'warning',
  title: 'a file of tokens that others can read',
  explain: 'Whoever reads the file of tokens can act as each tenant, unless it holds their SHA-256 alone.',
  message: () => 'other users of this machine can read the tokens',
  notes: () => ['chmod 600 makes the file readable for its owner alone.'],
});

export const unsafeAddress = defineDiagnostic<{ address: string; reason: string; options: string }>({
  code: 'H867',
  severity: 'error',
  title: 'an address that others can reach, without protection',
  explain:
    'A service that others can reach asks for tokens, or each of them could use up its memory and delete the keys of all; ' +
    'and tokens travel by TLS alone, or each listener on the way could use them. Behind a proxy that does TLS, ' +
    '--behind-proxy says so.',
  message: ({ address, reason }) => `${address} can be reached by others, and there is ${reason}`,
  notes: ({ options }) => [`Add ${options}, or listen at 127.0.0.1.`],
});

export const badModelId = defineDiagnostic<{ id: string; reason: string }>({
  code: 'H868',
  severity: 'error',
  title: 'a plan that cannot be served under its name',
  explain:
    'A plan is served under the name of its file without the ending. Characters other than letters, digits, - and _ become ' +
    '-, and no two plans may have the same name then.',
  message: ({ id, reason }) => `the model would be called ${JSON.stringify(id)}: ${reason}`,
  notes: () => ['Give the file another name.'],
});

export const cannotListen = defineDiagnostic<{ address: string; reason: string }>({
  code: 'H869',
  severity: 'error',
  title: 'an address where the service cannot listen',
  explain: 'Another program listens there, or the address is not one of this machine, or the port needs more rights.',
  message: ({ address, reason }) => `cannot listen at ${address}: ${reason}`,
  notes: () => ['Choose another address with --listen; port 0 takes a free one.'],
});
