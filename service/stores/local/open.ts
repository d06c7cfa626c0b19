/** A store folder, of one process at a time. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type Diagnostic, HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { storeUnusable } from '../../../ir/diagnostics/service/stores.ts';
import type { Backend } from '../backend.ts';
import { buckets } from '../object-store.ts';
import { errorCode, onDisk } from '../../base/on-disk.ts';
import { emptyFolder, fileMode, folderMode, ifThere, removeFile, writeText } from './disk.ts';
import { LocalLeases } from './leases.ts';
import { takeLock } from './lock.ts';
import { LocalObjects } from './objects.ts';
import { LocalQueue } from './queue.ts';
import { LocalRegistry } from './registry.ts';
import { LocalSignals } from './signals.ts';
import { LocalUploads } from './uploads.ts';

export interface LocalOptions {
  /** Of tasks and leases. */
  readonly leaseSeconds?: number;
  /** Is told of records that could not be read, H810. */
  readonly onDamaged?: (diagnostic: Diagnostic) => void;
}

const defaultLeaseSeconds = 30;

/** Of the arrangement of the folder. */
const layoutVersion = 'hepc store 1\n';

/** Makes the folder where there is none. Rejects with `HepcError` H800, H801, H807. */
export async function openLocalBackend(folder: string, options: LocalOptions = {}): Promise<Backend> {
  const { leaseSeconds = defaultLeaseSeconds, onDamaged = () => undefined } = options;
  return onDisk(folder, () =>
    usable(folder, async () => {
      await mkdir(folder, { recursive: true, mode: folderMode });
      const lock = await takeLock(folder);
      try {
        await checkVersion(folder);
        const folders = await makeFolders(folder);
        const objects = await LocalObjects.open(folders);
        const registry = await LocalRegistry.open({ ...folders, onDamaged }, folders.registry);
        const queue = await LocalQueue.open({ ...folders, onDamaged }, leaseSeconds);
        const uploads = await LocalUploads.open({ ...folders, onDamaged });
        return {
          objects,
          registry,
          leases: new LocalLeases(leaseSeconds),
          queue,
          signals: new LocalSignals(),
          uploads,
          check: () =>
            onDisk(folder, async () => {
              const path = join(folder, 'check');
              await writeText(folders.unfinished, path, 'here\n', false);
              await removeFile(path);
            }),
          close: async () => {
            queue.close();
            await lock.release();
          },
        };
      } catch (error) {
        await lock.release();
        throw error;
      }
    }),
  );
}

async function makeFolders(folder: string) {
  const at = (name: string): string => join(folder, name);
  const folders = {
    unfinished: at('unfinished'),
    opened: at('opened'),
    damaged: at('damaged'),
    objects: at('objects'),
    registry: at('registry'),
    tasks: at('tasks'),
    dead: at('dead'),
    uploads: at('uploads'),
    arrived: at('arrived'),
  };
  const all = [...Object.values(folders), ...buckets.map((bucket) => join(folders.objects, bucket))];
  for (const each of all) await mkdir(each, { recursive: true, mode: folderMode });
  // What a process left that ended in the midst.
  await emptyFolder(folders.unfinished);
  await emptyFolder(folders.opened);
  return folders;
}

async function checkVersion(folder: string): Promise<void> {
  const path = join(folder, 'version');
  const version = await ifThere(readFile(path, 'utf8'));
  if (version === layoutVersion) return;
  if (version !== undefined && version !== '')
    throw new HepcError([storeUnusable({ folder, reason: 'it was made by another version of hepc' })]);
  await writeFile(path, layoutVersion, { mode: fileMode });
}

const unusable: Readonly<Record<string, string>> = {
  EACCES: 'this user may not read or write it',
  EPERM: 'this user may not read or write it',
  ENOTDIR: 'a part of its path is a file',
  EEXIST: 'it is a file',
  ENAMETOOLONG: 'its path is too long',
  ELOOP: 'its path is a circle of links',
};

/** As `work`, with errors of the file system about the folder itself as H801. */
async function usable<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const reason = unusable[errorCode(error) ?? ''];
    if (reason === undefined) throw error;
    throw new HepcError([storeUnusable({ folder, reason })]);
  }
}
