/**
 * Files and folders that stand beside an output until they take its place. Their names say who made them and do not
 * depend on that of the output. Whatever ends the process through JavaScript removes them; what a process left that was
 * killed, the next one that writes to the folder removes.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readlinkSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

const mine = new Set<string>();
process.on('exit', () => {
  for (const path of mine) rmSync(path, { recursive: true, force: true });
});

const pattern = /^\.hepc-([0-9a-f]{8})-(\d+)-[0-9a-f]{12}\.tmp$/;

/** Where the number of a process means something: this machine, and on Linux its part that shares process numbers. */
const realm = createHash('sha256').update(`${hostname()} ${processNamespace()}`).digest('hex').slice(0, 8);

function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    // Elsewhere there is but one.
    return '';
  }
}

/** A new name, of this process. */
export function temporaryName(): string {
  return `.hepc-${realm}-${process.pid}-${randomBytes(6).toString('hex')}.tmp`;
}

/** Whether the process that made a temporary name has ended, as far as can be told from here. */
export function isAbandoned(name: string): boolean {
  const [, where, pid] = pattern.exec(name) ?? [];
  if (where !== realm || pid === undefined) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}

/** Removes what killed processes have left in `folder`; what cannot be removed stays. */
export function removeLeftovers(folder: string): void {
  try {
    for (const name of readdirSync(folder))
      if (isAbandoned(name)) rmSync(join(folder, name), { recursive: true, force: true });
  } catch {
    // A folder that may not be listed, or a file that somebody else removes.
  }
}

/** Has `path` removed, should the process end before `forget`. */
export function remember(path: string): void {
  mine.add(path);
}

/** Says that what is at `path` has been moved away, or that somebody else takes care of it. */
export function forget(path: string): void {
  mine.delete(path);
}

/** Removes what is at `path`, if there is anything. */
export function discard(path: string): void {
  rmSync(path, { recursive: true, force: true });
  mine.delete(path);
}
