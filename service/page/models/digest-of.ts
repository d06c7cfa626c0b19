/** What is pinned: the page came from the server that it asks, so that a client part of another version is no surprise. */
import { modelSchema } from '../../../runtime/protocol/resources.ts';

/** SHA-256 of the client part that the server has now. */
export async function digestOf(id: string): Promise<string> {
  const response = await fetch(`v1/models/${id}`);
  return modelSchema.parse(await response.json()).clientDigest;
}
