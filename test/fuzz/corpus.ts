/** Kept inputs: `corpus/READER/NAME.gz`, each of which has once shown a fault. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const corpusFolder = join(import.meta.dirname, 'corpus');

export interface KeptInput {
  readonly reader: string;
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The reader is named by the folder that the file is in. */
export function readKept(path: string): KeptInput {
  const content = new Uint8Array(readFileSync(path));
  const bytes = path.endsWith('.gz') ? new Uint8Array(gunzipSync(content)) : content;
  return { reader: basename(dirname(path)), name: basename(path), bytes };
}

export function readCorpus(): KeptInput[] {
  return readdirSync(corpusFolder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.gz'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map(readKept);
}
