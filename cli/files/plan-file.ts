/** Plans from files; what is to be said of one that should be replaced goes to `remark`. */
import { type Diagnostic, formatDiagnostic } from '../../ir/diagnostics/diagnostic.ts';
import type { ClientPart, Plan } from '../../ir/plan/plan.ts';
import { openClientPart } from '../../runtime/hep/client-part.ts';
import { openHep } from '../../runtime/hep/read.ts';
import { fileKinds, withInputFile } from './input-file.ts';

interface Remarks {
  readonly remark: (text: string) => void;
}

/** Calls `use` with a whole plan; a bound one may have its ciphertexts read until then. Throws H5xx, H710, H711. */
export async function withPlanFile<T>(path: string, context: Remarks, use: (plan: Plan) => Promise<T>): Promise<T> {
  return withInputFile(path, fileKinds.plan, async (file) => use(await openHep(file, path, warningsTo(context))));
}

/** A whole plan; of a bound one, nobody can read the ciphertexts. Throws `HepcError` H5xx, H710, H711. */
export async function readPlanFile(path: string, context: Remarks): Promise<Plan> {
  return withPlanFile(path, context, (plan) => Promise.resolve(plan));
}

/** The client part in a plan, whole or split off. Throws `HepcError` H5xx, H710, H711. */
export async function readClientFile(path: string, context: Remarks): Promise<ClientPart> {
  return withInputFile(path, fileKinds.plan, (file) => openClientPart(file, path, warningsTo(context)));
}

function warningsTo({ remark }: Remarks): { readonly onWarning: (warning: Diagnostic) => void } {
  return {
    onWarning: (warning) => {
      remark(formatDiagnostic(warning));
    },
  };
}
