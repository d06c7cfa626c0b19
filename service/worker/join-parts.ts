/** Puts the outputs of the parts of a job together into its result. */
import { createHash } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { fileAccess } from '../../runtime/format/file-access.ts';
import { joinCiphertexts } from '../../runtime/seal/bytes/join-files.ts';
import { onDisk } from '../base/on-disk.ts';
import type { Job } from '../jobs/job-record.ts';
import { partOutput } from '../jobs/job-store.ts';
import type { LocalFile, ObjectStore, StoredObject } from '../stores/object-store.ts';

/** The stored result; `undefined` where the outputs of a part are gone. Rejects with `HepcError` for damaged ones. */
export async function joinParts(objects: ObjectStore, job: Job): Promise<StoredObject | undefined> {
  const { id, parts, durable } = job;
  const path = objects.unfinishedPath(id);
  const files: LocalFile[] = [];
  const handles: FileHandle[] = [];
  try {
    for (const [part] of parts.entries()) {
      const file = await objects.open('outputs', partOutput(id, part, parts.length));
      if (file === undefined) return undefined;
      files.push(file);
      handles.push(await open(file.path));
    }
    const sources = handles.map((handle, part) => fileAccess(handle, files[part]?.bytes ?? 0));
    const joined = await open(path, 'w', 0o600);
    const hash = createHash('sha256');
    let bytes: number;
    try {
      bytes = await joinCiphertexts(sources, async (piece) => {
        hash.update(piece);
        await onDisk('encrypted outputs', () => joined.writeFile(piece));
      });
    } finally {
      await joined.close();
    }
    return await objects.putFile('outputs', id, { path, bytes, digest: hash.digest('hex') }, { durable });
  } finally {
    await Promise.allSettled(handles.map((handle) => handle.close()));
    await Promise.allSettled(files.map((file) => file.release()));
    await rm(path, { force: true });
  }
}
