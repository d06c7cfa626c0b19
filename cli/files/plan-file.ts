/** Plans from files. */
import type { ClientPart, Plan } from '../../ir/plan/plan.ts';
import { openClientPart } from '../../runtime/hep/client-part.ts';
import { openHep } from '../../runtime/hep/read.ts';
import { fileKinds, withInputFile } from './input-file.ts';

/** Calls `use` with a whole plan; a bound one may have its ciphertexts read until then. Throws H5xx, H710, H711. */
export async function withPlanFile<T>(path: string, use: (plan: Plan) => Promise<T>): Promise<T> {
  return withInputFile(path, fileKinds.plan, async (file) => use(await openHep(file, path)));
}

/** A whole plan; of a bound one, nobody can read the ciphertexts. Throws `HepcError` H5xx, H710, H711. */
export async function readPlanFile(path: string): Promise<Plan> {
  return withPlanFile(path, (plan) => Promise.resolve(plan));
}

/** The client part in a plan, whole or split off. Throws `HepcError` H5xx, H710, H711. */
export async function readClientFile(path: string): Promise<ClientPart> {
  return withInputFile(path, fileKinds.plan, (file) => openClientPart(file, path));
}
