/** Where an output goes: the path that the user wrote, through all links. */
import {
  accessSync,
  closeSync,
  constants,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { refusal } from './system-errors.ts';
import { discard, remember, removeLeftovers, temporaryName } from './temporary-files.ts';

export type OutputTarget =
  /** A file that is or will be there, in a folder without links. */
  | { readonly kind: 'file'; readonly path: string; readonly mode: number | undefined }
  /** A pipe or a device, which cannot be replaced. */
  | { readonly kind: 'device'; readonly path: string }
  /** An open file of this process, such as its standard output, which must not be opened anew. */
  | { readonly kind: 'descriptor'; readonly file: number };

const maxLinks = 40;

/**
 * Follows symbolic links, also where nothing stands in the end, so that links stay and what they lead to is written.
 * Throws `HepcError` H720 and the errors of the system.
 */
export function outputTarget(path: string): OutputTarget {
  if (path === '') throw refusal(path, 'it names a folder');
  const at = followLinks(path);
  const file = descriptorOf(at);
  if (file !== undefined) return { kind: 'descriptor', file };
  if (at.endsWith('/')) throw refusal(path, 'it names a folder');
  const stat = lstatSync(at, { throwIfNoEntry: false });
  if (stat?.isDirectory() === true) throw refusal(path, 'it is a folder');
  if (stat !== undefined && !stat.isFile()) return { kind: 'device', path: at };
  const folder = dirname(at);
  const folderStat = statSync(folder, { throwIfNoEntry: false });
  if (folderStat === undefined) throw refusal(path, `the folder ${folder} does not exist`);
  if (!folderStat.isDirectory()) throw refusal(path, `${folder} is not a folder`);
  return { kind: 'file', path: join(realpathSync(folder), basename(at)), mode: stat && stat.mode & 0o777 };
}

/** Where the links at the end of `path` lead; what is there in the end, if anything, is none. */
export function followLinks(path: string): string {
  let at = path;
  for (let links = 0; links <= maxLinks; links++) {
    if (descriptorOf(at) !== undefined) return at;
    if (lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return at;
    const link = readlinkSync(at);
    // The system goes from the real folder; joining texts would take `..` away from links on the way.
    at = link.startsWith('/') ? link : `${realpathSync(dirname(at))}/${link}`;
  }
  throw refusal(path, 'its symbolic links lead in a circle');
}

const standardNames: Readonly<Record<string, number>> = { stdin: 0, stdout: 1, stderr: 2 };

/** The number of the open file that `-` or a path such as `/dev/stdout` stands for. */
function descriptorOf(path: string): number | undefined {
  if (path === '-') return standardNames['stdout'];
  const [, name = '', device, number] =
    /^\/(?:dev\/(std[a-z]+|fd\/(\d+))|proc\/(?:self|thread-self)\/fd\/(\d+))$/.exec(path) ?? [];
  const found = device ?? number;
  return found === undefined ? standardNames[name] : Number(found);
}

/**
 * Checks before the work that an output could be written: what stands there may be replaced and its folder takes a new
 * file. Throws `HepcError` H720 and the errors of the system.
 */
export function probeTarget(path: string, target: OutputTarget): void {
  switch (target.kind) {
    case 'descriptor':
      // Nothing is written, but a file that is not open for writing complains.
      writeSync(target.file, new Uint8Array(), 0, 0);
      return;
    case 'device':
      accessSync(target.path, constants.W_OK);
      return;
    case 'file': {
      const folder = dirname(target.path);
      const stat = statSync(target.path, { throwIfNoEntry: false });
      if (stat !== undefined) accessSync(target.path, constants.W_OK);
      if (stat !== undefined && !mayReplace(stat.uid, folder)) throw refusal(path, 'it belongs to another user');
      removeLeftovers(folder);
      probeFolder(folder);
    }
  }
}

/** Makes a file in `folder` and removes it. Throws the errors of the system. */
export function probeFolder(folder: string): void {
  const probe = join(folder, temporaryName());
  remember(probe);
  try {
    closeSync(openSync(probe, 'wx', 0o600));
  } finally {
    discard(probe);
  }
}

const stickyBit = 0o1000;

/** In folders such as /tmp, files of others stay, whatever their own mode. */
function mayReplace(owner: number, folder: string): boolean {
  const user = process.geteuid?.();
  const { mode, uid } = statSync(folder);
  return user === undefined || user === 0 || (mode & stickyBit) === 0 || owner === user || uid === user;
}
