/** Names under which plans are served: what may stand in a path, in a record's name and in a metric without quoting. */
import { basename, extname } from 'node:path';

const longest = 100;
export const modelIdPattern = /^[A-Za-z0-9_-]{1,100}$/;

/** `lenet 5.v2.hep` → `lenet-5-v2`; empty where nothing is left. */
export function modelIdOf(path: string): string {
  const name = basename(path, extname(path));
  return name
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, longest);
}
