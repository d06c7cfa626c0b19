/** Diagnostics H870 to H889: the client of a service. */
import { defineDiagnostic } from '../diagnostic.ts';

export const refusedByServer = defineDiagnostic<{
  url: string;
  status: number;
  code?: string | undefined;
  detail: string;
  notes: readonly string[];
}>({
  code: 'H870',
  severity: 'error',
  title: 'refused by the server',
  explain:
    'The server has understood the request and refuses it, for the reason that it gives. `hepc explain` tells more about ' +
    'the code that it names.',
  message: ({ url, status, code, detail }) =>
    `${url} answers with status ${status}${code === undefined ? '' : ` (${code})`}: ${detail}`,
  notes: ({ notes }) => notes,
});

export const serverUnreachable = defineDiagnostic<{ url: string; reason: string; tries: number }>({
  code: 'H871',
  severity: 'error',
  title: 'the server cannot be reached',
  explain:
    'There was no answer, or the connection broke, each time that it was tried, with longer and longer pauses between.',
  message: ({ url, reason, tries }) => `no answer from ${url} after ${tries} tries: ${reason}`,
  notes: () => ['Check the address, and whether the server runs; what has been uploaded is kept.'],
});

export const unexpectedAnswer = defineDiagnostic<{ url: string; got: string }>({
  code: 'H872',
  severity: 'error',
  title: 'an answer that is not of a hepc server',
  explain:
    'What came back is not what the protocol says: another program listens there, a proxy answers in its place, or the ' +
    'versions differ.',
  message: ({ url, got }) => `${url} gives no answer of a hepc server: ${got}`,
  notes: () => ['Check the address: it is that of `hepc serve`, without the path of a resource.'],
});

export const otherClientPart = defineDiagnostic<{
  model: string;
  expected: string;
  got: string;
  source: 'pinned' | 'seen';
}>({
  code: 'H873',
  severity: 'error',
  title: 'another client part than before',
  explain:
    'The client part says how inputs are encrypted. Its digest is compared with the one that the user has pinned, or with ' +
    'the one that was seen first. It changes when the model owner compiles anew, and when somebody puts himself between.',
  message: ({ model, expected, got, source }) =>
    source === 'pinned'
      ? `the client part of ${model} has digest ${got}, and ${expected} is pinned`
      : `the client part of ${model} has digest ${got}, where it was ${expected} before`,
  notes: ({ source }) => [
    'Ask the model owner for the digest of the client part.',
    source === 'pinned' ? 'If it has changed, pin the new one.' : 'If it has changed, pin the new one: --pin DIGEST.',
  ],
});

export const unknownRemoteModel = defineDiagnostic<{
  url: string;
  model: string;
  known: readonly string[];
}>({
  code: 'H874',
  severity: 'error',
  title: 'no such model at the server',
  explain: 'A server has the models that it was started with, under the names of their files without the ending.',
  message: ({ url, model, known }) =>
    `${url} has no model ${JSON.stringify(model)}; it has ${known.length === 0 ? 'none' : known.join(', ')}`,
});

export const jobFailed = defineDiagnostic<{ reason: string; code: string | undefined; notes: readonly string[] }>({
  code: 'H875',
  severity: 'error',
  title: 'the server could not evaluate the request',
  explain:
    'The request was accepted, and its evaluation failed or was given up, for the reason that the server gives. ' +
    '`hepc explain` tells more about the code that it names.',
  message: ({ reason, code }) => `the server gave up${code === undefined ? '' : ` (${code})`}: ${reason}`,
  notes: ({ notes }) => notes,
});

export const unprotectedToken = defineDiagnostic<{ url: string }>({
  code: 'H876',
  severity: 'error',
  title: 'a token for a server without TLS',
  explain: 'Whoever reads the line reads the token, and can then use the service in the name of its owner.',
  message: ({ url }) => `${url} is reached without TLS, where everybody on the way can read the token`,
  notes: () => ['Use https, or allow it where the line is protected otherwise: --insecure, `insecure: true`.'],
});

export const badServerUrl = defineDiagnostic<{ got: string }>({
  code: 'H877',
  severity: 'error',
  title: 'not the address of a server',
  explain: 'A server is named by an address of http or https, without user, query and fragment.',
  message: ({ got }) => `${JSON.stringify(got)} is not the address of a server`,
  notes: () => ['An example: http://127.0.0.1:8750'],
});

export const unreadableNotes = defineDiagnostic<object>({
  code: 'H878',
  severity: 'error',
  title: 'a damaged file of what was seen of servers',
  explain:
    '`hepc infer` notes beside the keys which client part it has seen at which server, so that another one is noticed. The ' +
    'file is not what it writes.',
  message: () => 'the file is not what `hepc infer` writes',
  notes: () => ['Delete it, and pin the client parts of your servers: --pin DIGEST.'],
});

export const unreadableToken = defineDiagnostic<object>({
  code: 'H879',
  severity: 'error',
  title: 'a token that is none',
  explain: 'A token is one line of letters, digits and the signs - . _ ~ + / =, as it is sent in a header.',
  message: () => 'expected one line with a token',
  notes: () => ['Write the token alone into the file, or into the variable HEPC_TOKEN.'],
});
