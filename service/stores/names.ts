/** Names become names of files and subjects of NATS, so they are checked where they enter a store. */
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';

const objectName = /^[A-Za-z0-9_-]{1,128}$/;
const dottedName = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;
const longestDottedName = 200;

/** Throws `InternalError` for what is no name of an object or upload. */
export function checkObjectName(name: string): void {
  if (!objectName.test(name)) throw new InternalError(`${JSON.stringify(name)} is no name of an object`);
}

/** Throws `InternalError` for what is no name of a record or subject. */
export function checkDottedName(name: string): void {
  if (name.length > longestDottedName || !dottedName.test(name))
    throw new InternalError(`${JSON.stringify(name)} is no name of a record`);
}

/** Whether the parts of `prefix` begin `name`; those of none begin all. */
export function hasPrefix(name: string, prefix: string): boolean {
  return prefix === '' || name === prefix || name.startsWith(`${prefix}.`);
}
