/** Plans from files. */
import type { ClientPart, Plan } from '../ir/plan/plan.ts';
import { readClientPart } from '../runtime/hep/client-part.ts';
import { readHep } from '../runtime/hep/read.ts';
import { fileKinds, readInputFile } from './input-file.ts';

/** A whole plan. Throws `HepcError` H5xx, H710, H711. */
export async function readPlanFile(path: string): Promise<Plan> {
  return readHep(await readInputFile(path, fileKinds.plan), path);
}

/** The client part in a plan, whole or split off. Throws `HepcError` H5xx, H710, H711. */
export async function readClientFile(path: string): Promise<ClientPart> {
  return readClientPart(await readInputFile(path, fileKinds.plan), path);
}
