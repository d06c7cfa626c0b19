/** Diagnostics H66x: refreshes by the client. */
import { defineDiagnostic } from '../diagnostic.ts';

export const refreshNeedsKernels = defineDiagnostic({
  code: 'H660',
  severity: 'error',
  title: 'refreshes need our own kernels',
  explain:
    'A client that refreshes encrypts a polynomial of integers beyond 2^53, which SEAL does not take. Our kernels do, but they ' +
    'cannot run here: they need WebAssembly with relaxed SIMD.',
  message: () =>
    'values cannot be refreshed here: our kernels do not run, and SEAL does not take what is to be encrypted',
  notes: () => ['Use a newer browser or Node, or a plan that was compiled without --refresh.'],
});
