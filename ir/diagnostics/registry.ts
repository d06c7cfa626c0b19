/**
 * Every diagnostic, by area: H1xx ONNX import, H2xx IR text and verifiers, H3xx compilation and parameters,
 * H4xx samples and arrays, H5xx `.hep` files, H6xx keys, ciphertexts and evaluation, H7xx the command line,
 * H8xx the service.
 */
import * as cli from './cli.ts';
import * as client from './client.ts';
import * as compile from './compile.ts';
import * as costs from './costs.ts';
import * as data from './data.ts';
import { type DiagnosticDeclaration, InternalError } from './diagnostic.ts';
import * as importing from './import.ts';
import * as memory from './memory.ts';
import * as permutation from './pruning/permutation.ts';
import * as plan from './plan.ts';
import * as pruningRun from './pruning/pruning-run.ts';
import * as quantization from './quantization.ts';
import * as pruning from './pruning/pruning.ts';
import * as runtime from './runtime.ts';
import * as samples from './samples.ts';
import * as serviceHttp from './service/http.ts';
import * as refresh from './refresh/messages.ts';
import * as remote from './service/remote.ts';
import * as stores from './service/stores.ts';
import * as serviceEvaluation from './service/evaluation.ts';
import * as serviceJobs from './service/jobs.ts';
import * as text from './text.ts';
import * as tiles from './pruning/tiles.ts';
import * as training from './pruning/training.ts';
import * as verify from './verify.ts';

const areas = [
  importing,
  client,
  text,
  verify,
  compile,
  memory,
  quantization,
  tiles,
  permutation,
  pruningRun,
  costs,
  data,
  plan,
  pruning,
  training,
  runtime,
  refresh,
  samples,
  cli,
  stores,
  serviceHttp,
  serviceEvaluation,
  serviceJobs,
  remote,
];

/** Declarations by code, in the order of their codes. */
export const diagnosticRegistry: ReadonlyMap<string, DiagnosticDeclaration<never>> = byCode(
  areas
    .flatMap((area) => Object.values<{ declaration: DiagnosticDeclaration<never> }>(area))
    .map(({ declaration }) => declaration),
);

/** Throws `InternalError` for a code that two declarations have. */
export function byCode(declarations: readonly DiagnosticDeclaration<never>[]) {
  const sorted = declarations.toSorted((a, b) => (a.code < b.code ? -1 : 1));
  const twice = sorted.find(({ code }, k) => code === sorted[k + 1]?.code);
  if (twice !== undefined) throw new InternalError(`two diagnostics have the code ${twice.code}`);
  return new Map(sorted.map((declaration) => [declaration.code, declaration] as const));
}
