/** Puts the outputs of the parts of a job together into its result. */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileAccess } from '../../runtime/format/file-access.ts';
import { joinCiphertexts } from '../../runtime/seal/bytes/join-files.ts';
import type { Job } from '../jobs/job-record.ts';
import { partOutput } from '../jobs/job-store.ts';
import type { LocalFile, ObjectStore, StoredObject } from '../stores/object-store.ts';

/** The stored result; `undefined` where the outputs of a part are gone. Rejects with `HepcError` for damaged ones. */
export async function joinParts(objects: ObjectStore, job: Job, folder: string): Promise<StoredObject | undefined> {
  const { id, parts, durable } = job;
  const path = join(folder, `${id}-${randomUUID()}`);
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
    let bytes: number;
    try {
      bytes = await joinCiphertexts(sources, async (piece) => {
        await joined.writeFile(piece);
      });
    } finally {
      await joined.close();
    }
    return await objects.put('outputs', id, createReadStream(path), { limitBytes: bytes, durable });
  } finally {
    await Promise.allSettled(handles.map((handle) => handle.close()));
    await Promise.allSettled(files.map((file) => file.release()));
    await rm(path, { force: true });
  }
}
