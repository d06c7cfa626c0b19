/** Small JSON files with a digest of their text: what is read is what was written, or it is set aside. */
import { readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';

import type { z } from 'zod';

import type { Diagnostic } from '../../../ir/diagnostics/diagnostic.ts';
import { recordSetAside } from '../../../ir/diagnostics/service/stores.ts';
import { sha256Hex } from '../../../ir/digest.ts';
import type { Json } from '../registry.ts';
import { onDisk } from '../../base/on-disk.ts';
import { writeText } from './disk.ts';

export interface RecordFolders {
  readonly unfinished: string;
  /** Where damaged files go. */
  readonly damaged: string;
  /** Is told of each. */
  readonly onDamaged: (diagnostic: Diagnostic) => void;
}

/** Writes `value` as a file, in place of one of that name. Rejects with H807, and has not changed it then. */
export async function writeRecord(
  { unfinished }: RecordFolders,
  path: string,
  what: string,
  value: Json,
  durable: boolean,
): Promise<void> {
  const text = JSON.stringify(value);
  await onDisk(what, () => writeText(unfinished, path, `${sha256Hex(Buffer.from(text))} ${text}\n`, durable));
}

/** The records of a folder, by name of file. Those that are damaged, or that `schema` refuses, are set aside. */
export async function* readRecords<T>(
  folders: RecordFolders,
  folder: string,
  schema: z.ZodType<T>,
): AsyncGenerator<{ file: string; value: T }, void, undefined> {
  for (const file of await readdir(folder)) {
    const path = join(folder, file);
    const text = await readFile(path, 'utf8');
    const read = readText(text, schema);
    if (typeof read !== 'string') {
      yield { file, value: read.value };
      continue;
    }
    folders.onDamaged(recordSetAside({ file: path, reason: read }));
    await rename(path, join(folders.damaged, file));
  }
}

/** The record, or the reason why there is none. */
function readText<T>(text: string, schema: z.ZodType<T>): { value: T } | string {
  const [, digest, json] = /^([0-9a-f]{64}) (.*)\n$/.exec(text) ?? [];
  if (digest === undefined || json === undefined) return 'it is cut short';
  if (sha256Hex(Buffer.from(json)) !== digest) return 'its text has another digest';
  const parsed = schema.safeParse(JSON.parse(json));
  return parsed.success ? { value: parsed.data } : 'this version of hepc does not know such records';
}
