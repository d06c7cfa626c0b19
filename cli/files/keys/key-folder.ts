/**
 * The folder of a client's keys. The keys of a set get there together: whatever happens on the way, either all of them
 * are there, whole, or none.
 *
 * A folder that is missing is made beside its place, complete, and moved there in one step. In a folder that is there, a
 * folder `.hepc-keygen` is made first. It is the lock, since only one process can make it, and where the set is written;
 * once it is complete, and says so, its files are moved out. Where a process is killed before that, the next one removes
 * what it left; after that, the next one moves the rest.
 */
import { existsSync, lstatSync, mkdirSync, readFileSync, realpathSync, renameSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { keysBusy, keysExist } from '../../../ir/diagnostics/cli.ts';
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import type { KeySet } from '../../../runtime/cipher/key-files.ts';
import { syncFolder, writeNewFile } from '../durable.ts';
import { keyFileNames } from './key-file-names.ts';
import { followLinks, probeFolder } from '../output-target.ts';
import { claimOutput } from '../places.ts';
import { attempt, isSystemError, refusal } from '../system-errors.ts';
import { discard, forget, isAbandoned, remember, removeLeftovers, temporaryName } from '../temporary-files.ts';

/** In the order in which they are moved: whoever finds a secret key finds what belongs to it. */
const publicationOrder = [keyFileNames.evaluationKeys, keyFileNames.publicKey, keyFileNames.secretKey] as const;

/** Readable and writable by its owner only. */
const secretMode = 0o600;
const secretFolderMode = 0o700;

const lockName = '.hepc-keygen';
/** In the lock: the temporary name of the process that made it, and, once the set is complete, an empty file. */
const ownerName = 'owner';
const completeName = 'complete';
/** How often a lock may go away while it is looked at. */
const maxTries = 16;

/** Where keys will be written; to be closed. */
export class KeyFolder {
  /** As the user wrote it. */
  private readonly path: string;
  /** Without links at its end. */
  private readonly folder: string;
  private readonly overwrite: boolean;
  /** Name of the owner of the lock, where the folder is there. */
  private owner: string | undefined;

  /**
   * Throws `HepcError` H720 where nothing could be written, H721 for keys that are there already, H722 where another
   * process is writing keys there.
   */
  constructor(path: string, overwrite: boolean) {
    this.path = path;
    this.overwrite = overwrite;
    this.folder = attempt(path, () => placeOf(path));
    try {
      attempt(path, () => {
        this.prepare();
      });
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Throws as the constructor does. */
  write(keys: KeySet): void {
    attempt(this.path, () => {
      if (this.owner === undefined && this.writeNewFolder(keys)) return;
      if (this.owner === undefined) this.enter();
      this.writeInto(keys);
    });
  }

  /** Lets others write there. */
  close(): void {
    if (this.ownsLock()) discardLock(this.folder);
    else if (this.owner !== undefined) forget(join(this.folder, lockName));
    this.owner = undefined;
  }

  private prepare(): void {
    const { folder, path } = this;
    if (existsSync(folder)) {
      this.enter();
    } else {
      removeLeftovers(dirname(folder));
      probeFolder(dirname(folder));
    }
    for (const name of publicationOrder) {
      const target = join(folder, name);
      claimOutput(join(path, name), target);
      if (lstatSync(target, { throwIfNoEntry: false })?.isFile() === false)
        throw refusal(join(path, name), 'it is a link, a folder or a device, which keygen does not replace');
    }
  }

  /** Takes the lock of a folder that is there, and looks for keys. */
  private enter(): void {
    removeLeftovers(this.folder);
    this.owner = takeLock(this.folder);
    if (this.owner === undefined) throw new HepcError([keysBusy({}, { file: this.path })]);
    const found = publicationOrder.filter((name) => existsSync(join(this.folder, name)));
    if (found.length > 0 && !this.overwrite)
      throw new HepcError([keysExist({ found: found.toReversed() }, { file: this.path })]);
  }

  /** False where somebody else has made the folder meanwhile. */
  private writeNewFolder(keys: KeySet): boolean {
    const { folder } = this;
    const stage = join(dirname(folder), temporaryName());
    remember(stage);
    try {
      mkdirSync(stage, { mode: secretFolderMode });
      writeSet(stage, keys);
      renameSync(stage, folder);
      forget(stage);
      syncFolder(dirname(folder));
      return true;
    } catch (error) {
      if (isTaken(error)) return false;
      throw error;
    } finally {
      discard(stage);
    }
  }

  private writeInto(keys: KeySet): void {
    const { folder } = this;
    const lock = join(folder, lockName);
    writeSet(lock, keys);
    if (!this.ownsLock()) throw new HepcError([keysBusy({}, { file: this.path })]);
    const found = publicationOrder.filter((name) => existsSync(join(folder, name)));
    if (found.length > 0 && !this.overwrite)
      throw new HepcError([keysExist({ found: found.toReversed() }, { file: this.path })]);
    writeNewFile(join(lock, completeName), '');
    syncFolder(lock);
    publish(folder);
  }

  private ownsLock(): boolean {
    return this.owner !== undefined && ownerOf(this.folder) === this.owner;
  }
}

/** The folder that `path` leads to, without links, which may be missing; the folders above it are made. */
function placeOf(path: string): string {
  if (path === '-') throw refusal(path, 'keys are several files, which the standard output cannot hold');
  const at = followLinks(path.replace(/(?<=.)\/+$/, ''));
  const stat = statSync(at, { throwIfNoEntry: false });
  if (stat?.isDirectory() === true) return realpathSync(at);
  if (stat !== undefined) throw refusal(path, 'it is a file, not a folder');
  mkdirSync(dirname(at), { recursive: true });
  return join(realpathSync(dirname(at)), basename(at));
}

/** Writes the three files of a set to a folder of one's own, and brings them to the disk. */
function writeSet(folder: string, keys: KeySet): void {
  writeNewFile(join(folder, keyFileNames.secretKey), keys.secretKey, secretMode);
  writeNewFile(join(folder, keyFileNames.publicKey), keys.publicKey);
  writeNewFile(join(folder, keyFileNames.evaluationKeys), keys.evaluationKeys);
  syncFolder(folder);
}

/** Moves a complete set out of the lock; what has been moved before is no longer there. */
function publish(folder: string): void {
  for (const name of publicationOrder) {
    try {
      renameSync(join(folder, lockName, name), join(folder, name));
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  syncFolder(folder);
}

/** The name under which the lock is owned; undefined while another process has it. Throws the errors of the system. */
function takeLock(folder: string): string | undefined {
  const own = temporaryName();
  const made = join(folder, own);
  remember(made);
  try {
    mkdirSync(made, { mode: secretFolderMode });
    writeNewFile(join(made, ownerName), own);
    for (let tries = 0; tries < maxTries; tries++) {
      try {
        renameSync(made, join(folder, lockName));
        remember(join(folder, lockName));
        return own;
      } catch (error) {
        if (!isTaken(error)) throw error;
      }
      const owner = ownerOf(folder);
      if (owner !== undefined && !isAbandoned(owner)) return undefined;
      if (owner !== undefined) recover(folder, owner);
    }
    return undefined;
  } finally {
    discard(made);
  }
}

/** Finishes what the killed process `owner` has begun, or removes it. */
function recover(folder: string, owner: string): void {
  if (existsSync(join(folder, lockName, completeName)) && ownerOf(folder) === owner) publish(folder);
  if (ownerOf(folder) === owner) discardLock(folder);
}

/** In one step for whoever looks. */
function discardLock(folder: string): void {
  const aside = join(folder, temporaryName());
  remember(aside);
  try {
    renameSync(join(folder, lockName), aside);
  } catch (error) {
    if (!isMissing(error)) throw error;
  } finally {
    forget(join(folder, lockName));
    discard(aside);
  }
}

function ownerOf(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, lockName, ownerName), 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Whether a folder could not be moved because there is something at its place. */
function isTaken(error: unknown): boolean {
  const codes = ['ENOTEMPTY', 'EEXIST', ...(process.platform === 'win32' ? ['EPERM'] : [])];
  return isSystemError(error) && codes.includes(error.code ?? '');
}

function isMissing(error: unknown): boolean {
  return isSystemError(error) && error.code === 'ENOENT';
}
