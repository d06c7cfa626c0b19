/**
 * Which keys in a folder are those of a plan. A folder holds one set, or sets in folders of their own that are named by what
 * keys depend on, or both: the set of the first plan, and those that were added.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { noKeysFor, unreadableFile } from '../../../ir/diagnostics/cli.ts';
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import type { ClientPart } from '../../../ir/plan/plan.ts';
import { parametersDigest } from '../../../runtime/seal/bytes/client-part-digest.ts';
import { readSecretKey } from '../../../runtime/cipher/key-files.ts';
import { fileKinds, readInputFile } from '../input-file.ts';
import { keyFileNames } from './key-file-names.ts';
import { attemptAsync, describeSystemError, isSystemError } from '../system-errors.ts';

type KeyFile = (typeof keyFileNames)[keyof typeof keyFileNames];

const setNames = /^keys-[0-9a-f]{16}$/;

/** Of the folder of the keys that fit `part`, within a folder of several sets. */
export function keySetName(part: ClientPart): string {
  return `keys-${parametersDigest(part).slice(0, 16)}`;
}

/** In the order of their names. */
function setsIn(folder: string): string[] {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return readdirSync(folder)
    .filter((name) => setNames.test(name))
    .sort();
}

/**
 * Where in `folder` keygen writes the keys for `part`: a set that is there for another plan stays. `isOnly` where keys are
 * made for no other. Rejects with `HepcError` H720 for a folder that cannot be looked into.
 */
export async function placeOfSet(folder: string, part: ClientPart, isOnly: boolean): Promise<string> {
  return attemptAsync(folder, async () => {
    const whole = await fitOf(folder, part);
    const isAlone = isOnly && whole === 'absent' && setsIn(folder).length === 0;
    return whole === 'fits' || isAlone ? folder : join(folder, keySetName(part));
  });
}

/** Whether there are keys for `part` in this place. */
export function hasKeys(place: string): boolean {
  return existsSync(join(place, keyFileNames.secretKey));
}

/** Of the secret key in `folder` itself. What cannot be told counts as a fit, so that nobody overwrites it unawares. */
async function fitOf(folder: string, part: ClientPart): Promise<'fits' | 'other' | 'absent'> {
  const path = join(folder, keyFileNames.secretKey);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true)
    return Object.values(keyFileNames).some((name) => existsSync(join(folder, name))) ? 'fits' : 'absent';
  try {
    readSecretKey(new Uint8Array(await readFile(path)), part);
    return 'fits';
  } catch (error) {
    return error instanceof HepcError && error.diagnostics.some(({ code }) => code === 'H605') ? 'other' : 'fits';
  }
}

/**
 * The key `name` at `path`: in a folder of keys, in one of several sets the one that fits `part`, or the file itself. `plan`
 * is its file, for messages. Throws `HepcError` H710, H711, H724.
 */
export async function readKeyFile(
  path: string,
  name: KeyFile,
  part: ClientPart,
  plan: string,
): Promise<{ path: string; bytes: Uint8Array }> {
  const file = placeOfKey(path, name, part, plan);
  return { path: file, bytes: await readInputFile(file, fileKinds.keys) };
}

function placeOfKey(path: string, name: KeyFile, part: ClientPart, plan: string): string {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return path;
  const set = keySetName(part);
  const place = [join(path, set, name), join(path, name)].find((each) => existsSync(each));
  if (place !== undefined) return place;
  const sets = attemptToRead(path, () => setsIn(path));
  const { polyModulusDegree, primes } = part.parameters;
  const needs = { degree: polyModulusDegree, primes: primes.length + 1, steps: part.rotationSteps.length };
  throw new HepcError([noKeysFor({ file: name, set, sets, needs, plan, folder: path }, { file: path })]);
}

/** Runs `step`, with errors of the system as H710 about the input `path`. */
function attemptToRead<T>(path: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new HepcError([unreadableFile({ reason: describeSystemError(error) }, { file: path })]);
  }
}
