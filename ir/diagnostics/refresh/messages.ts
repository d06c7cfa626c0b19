/** Diagnostics H66x: refreshes by the client. */
import { defineDiagnostic } from '../diagnostic.ts';

export const refreshNeedsKernels = defineDiagnostic({
  code: 'H660',
  severity: 'error',
  title: 'refreshes need our own kernels',
  explain:
    'Who masks and who refreshes works with polynomials of integers beyond 2^53, which SEAL does not take. Our kernels do, but they ' +
    'cannot run here: they need WebAssembly with relaxed SIMD.',
  message: () =>
    'values cannot be refreshed here: our kernels do not run, and SEAL does not take what is to be encrypted',
  notes: () => ['Use a newer browser or Node, or a plan that was compiled without --refresh.'],
});

export const refreshesImpossible = defineDiagnostic<{ reason: string }>({
  code: 'H665',
  severity: 'error',
  title: 'plans that cannot be refreshed by their client',
  explain:
    'With --refresh client a plan is evaluated in stages, which the engine simd alone does, and for weights that the server knows.',
  message: ({ reason }) => `there is no such plan with refreshes by the client: ${reason}`,
  notes: () => ['Leave --refresh out, or compile for the engine simd with plain weights.'],
});

export const refreshesWanted = defineDiagnostic<{ rounds: number }>({
  code: 'H661',
  severity: 'error',
  title: 'a plan that its client has to refresh',
  explain:
    'A plan that was compiled with --refresh client is evaluated in stages. After each of them the server sends masked ciphertexts to ' +
    'the client, who encrypts them anew. So whoever evaluates such a plan needs a way to ask the client.',
  message: ({ rounds }) =>
    `the plan pauses ${rounds === 1 ? 'once' : `${rounds} times`} for its client, and nobody says how to ask it`,
  notes: () => [
    'On the command line --pause says where the request for `hepc refresh` goes.',
    'In the library pass `refresh` to `evaluate`, or use `start` of the session and `resume` of what it gives.',
  ],
});

export const notPaused = defineDiagnostic({
  code: 'H664',
  severity: 'error',
  title: 'nothing to resume',
  explain: 'Evaluations of plans with refreshes pause and are resumed. A plan without any is evaluated at once.',
  message: () => 'the plan has no refreshes, so that none of its evaluations is paused',
  notes: () => ['Give the plan that the paused evaluation is of.'],
});

export const unexpectedRefresh = defineDiagnostic<{ reason: string }>({
  code: 'H662',
  severity: 'error',
  title: 'a request to refresh that the client refuses',
  explain:
    'A client refreshes what its plan says for each file of inputs that it has encrypted, each round trip once and in order. ' +
    'Anything else could be a server that uses it to compute other things on encrypted data: nothing is decrypted then.',
  message: ({ reason }) => `the request is refused: ${reason}`,
  notes: () => ['Encrypt the inputs anew, and have them evaluated again.'],
});

export const otherRefresh = defineDiagnostic<{ reason: string }>({
  code: 'H663',
  severity: 'error',
  title: 'refreshed values that do not belong to the paused evaluation',
  explain:
    'The server takes off the masks of one request. An answer to another request, of another round trip or other inputs, would ' +
    'come out as noise.',
  message: ({ reason }) => `the refreshed values are of something else: ${reason}`,
  notes: () => ['Send the request of this evaluation to the client, and resume with its answer.'],
});
