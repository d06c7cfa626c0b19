/**
 * One process at a time uses a store folder. Its file `lock` tells who; it is touched now and then, for those who cannot see
 * the processes of the machine or container that has it.
 */
import { randomUUID } from 'node:crypto';
import { link, readFile, readlink, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { sha256Hex } from '../../../ir/digest.ts';
import { storeInUse } from '../../../ir/diagnostics/service/stores.ts';
import { errorCode } from '../../base/on-disk.ts';
import { fileMode, ifThere } from './disk.ts';

const holderSchema = z.object({
  pid: z.int().min(1),
  /** What tells it from a later process of the same pid, where the system says so. */
  began: z.string(),
  /** The machine since it was started, and its set of processes: pids mean nothing elsewhere. */
  place: z.string(),
  host: z.string(),
  token: z.string(),
});
type Holder = z.infer<typeof holderSchema>;

const touchMs = 1000;

/** After which another has replaced a stale lock, mostly. */
const claimedMs = 5;

export interface Lock {
  release(): Promise<void>;
}

/** Rejects with H800 where another process has it. */
export async function takeLock(folder: string): Promise<Lock> {
  const path = join(folder, 'lock');
  const own: Holder = {
    pid: process.pid,
    began: await beginOf(process.pid),
    place: await placeOfProcesses(),
    host: hostname(),
    token: randomUUID(),
  };
  const other = await take(path, own);
  if (other !== undefined) {
    const { holder } = other;
    const host = holder === undefined || holder.place === own.place ? undefined : holder.host;
    throw new HepcError([storeInUse({ folder, pid: holder?.pid ?? 0, host })]);
  }
  const touching = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, touchMs);
  touching.unref();
  return {
    release: async () => {
      clearInterval(touching);
      const text = await ifThere(readFile(path, 'utf8'));
      if (text !== undefined && readHolder(text)?.token === own.token) await rm(path, { force: true });
    },
  };
}

/** Puts the own holder at `path`, in place of one that is stale; else gives that which has it. */
async function take(path: string, own: Holder): Promise<{ readonly holder: Holder | undefined } | undefined> {
  for (;;) {
    if (await tryToCreate(path, own)) return undefined;
    const text = await ifThere(readFile(path, 'utf8'));
    if (text === undefined) continue;
    const holder = readHolder(text);
    if (await isHeld(path, holder, own)) return { holder };
    if (await replaceStale(path, text, own)) return undefined;
  }
}

/**
 * Several may find the same file stale. Whoever replaces it does so under a lock of its own, which is named after what is replaced and
 * taken in the same way, and the file is there all the time. False where it was replaced by others, or may be.
 */
async function replaceStale(path: string, text: string, own: Holder): Promise<boolean> {
  const claim = `${path}.${sha256Hex(Buffer.from(text)).slice(0, 16)}`;
  if ((await take(claim, own)) !== undefined) {
    await delay(claimedMs);
    return false;
  }
  try {
    if ((await ifThere(readFile(path, 'utf8'))) !== text) return false;
    const prepared = await prepare(path, own);
    await rename(prepared, path);
    return true;
  } finally {
    await rm(claim, { force: true });
  }
}

/** A file of its own beside `path`, with the holder in it. */
async function prepare(path: string, own: Holder): Promise<string> {
  const prepared = `${path}.${randomUUID()}`;
  await writeFile(prepared, JSON.stringify(own), { mode: fileMode });
  return prepared;
}

/** False where there is one. The file appears with its text, so that nobody reads an empty one. */
async function tryToCreate(path: string, own: Holder): Promise<boolean> {
  const prepared = await prepare(path, own);
  try {
    await link(prepared, path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(prepared, { force: true });
  }
}

function readHolder(text: string): Holder | undefined {
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

async function isHeld(path: string, holder: Holder | undefined, own: Holder): Promise<boolean> {
  if (holder?.place === own.place) return isAlive(holder.pid) && (await beginOf(holder.pid)) === holder.began;
  // Nothing is concluded from the clocks of two machines, but from whether somebody touches the file while one looks.
  const touched = (await ifThere(stat(path)))?.mtimeMs;
  for (let k = 0; k < 4; k++) {
    await delay(touchMs);
    const now = (await ifThere(stat(path)))?.mtimeMs;
    if (now !== touched) return now !== undefined;
  }
  return false;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) !== 'ESRCH';
  }
}

/** Of `/proc`, in ticks since the machine was started; '' where there is none. */
async function beginOf(pid: number): Promise<string> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name of the program, in parentheses, may hold spaces.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

async function placeOfProcesses(): Promise<string> {
  const parts = [
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').then((text) => text.trim()),
    readlink('/proc/self/ns/pid'),
  ];
  const known = await Promise.all(parts.map((part) => part.catch(() => '')));
  return [hostname(), ...known].join(' ');
}
