/** Diagnostics as problem documents: which status each has, and nothing of what only the operator should see. */
import { type Diagnostic, HepcError, visible } from '../../ir/diagnostics/diagnostic.ts';
import { internalProblem } from '../../ir/diagnostics/service/http.ts';
import { diagnosticRegistry } from '../../ir/diagnostics/registry.ts';
import type { Problem } from '../../runtime/protocol/problem.ts';

/** Of what nobody can be answered with: it is our bug where somebody is. */
const defaultStatus = 500;

/** Of all that a service answers with, by code; those of the same area as a whole where one begins with the name. */
const statuses: Readonly<Record<string, number>> = {
  // Keys and ciphertexts.
  H60: 422,
  H61: 422,
  H651: 422,
  H663: 422,
  H653: 422,
  H654: 422,
  // Memory, and engines that have ended.
  H631: 503,
  H632: 503,
  H640: 503,
  H641: 503,
  // What the client has sent is not what it said.
  H805: 422,
  H806: 413,
  H807: 507,
  H808: 500,
  H809: 409,
  H811: 503,
  H812: 503,
  H813: 503,
  H820: 429,
  H821: 422,
  H822: 413,
  H823: 409,
  H824: 504,
  H825: 500,
  H826: 500,
  H827: 410,
  H880: 409,
  H840: 404,
  H841: 404,
  H842: 404,
  H843: 409,
  H844: 410,
  H845: 403,
  H846: 413,
  H847: 404,
  H848: 400,
  H849: 409,
  H850: 401,
  H851: 403,
  H852: 404,
  H853: 405,
  H854: 406,
  H855: 411,
  H856: 413,
  H857: 415,
  H858: 417,
  H859: 431,
  H860: 400,
  H861: 408,
  H862: 503,
  H863: 500,
  H864: 429,
};

export function statusOf(code: string): number {
  return statuses[code] ?? statuses[code.slice(0, 3)] ?? defaultStatus;
}

/** Whether a service may answer with it; others are of starts, of clients, of the command line. */
export function isAnswer(code: string): boolean {
  return code in statuses || code.slice(0, 3) in statuses;
}

/**
 * What the caller is told of `error`: of what is not his mistake only which kind of thing it is, since the rest may name
 * files, servers and the like; of our own bugs, and of the machine's errors, that there was one (H863).
 */
export function problemOf(error: unknown): Problem {
  const diagnostics = error instanceof HepcError ? error.diagnostics : [];
  const [first = internalProblem({}), ...others] = diagnostics.filter(({ severity }) => severity === 'error');
  const { code } = first;
  const status = statusOf(code);
  const title = diagnosticRegistry.get(code)?.title ?? code;
  const own = status >= 500;
  return {
    type: `urn:hepc:${code}`,
    title,
    status,
    detail: own ? title : [first, ...others.slice(0, 3)].map(describe).join('; '),
    code,
    notes: own ? [status === 500 ? internalNote : 'Try again later.'] : [...first.notes],
  };
}

const [internalNote = ''] = internalProblem({}).notes;

/** Without the names of the service's own files. */
function describe({ message, at: { part } }: Diagnostic): string {
  return visible(part === undefined ? message : `${part}: ${message}`);
}
