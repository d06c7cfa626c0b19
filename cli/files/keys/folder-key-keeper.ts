/**
 * Keys of services in a folder, as `keygen` writes them and `encrypt` reads them: a set for each kind of parameters. Beside them
 * `services.json`, with what was seen of servers.
 */
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { unreadableNotes } from '../../../ir/diagnostics/service/remote.ts';
import type { ClientPart } from '../../../ir/plan/plan.ts';
import type { KeptKeys, KeyKeeper } from '../../../runtime/remote/key-keeper.ts';
import { parseJson } from '../../../runtime/remote/parse-json.ts';
import type { KeySet } from '../../../runtime/cipher/key-files.ts';
import { keyFileNames } from './key-file-names.ts';
import { syncFolder, writeNewFile } from '../durable.ts';
import { fileKinds, readInputFile } from '../input-file.ts';
import { attempt } from '../system-errors.ts';
import { temporaryName } from '../temporary-files.ts';
import { KeyFolder } from './key-folder.ts';
import { hasKeys, placeOfSet } from './key-sets.ts';

const notesName = 'services.json';
const notesSchema = z.record(z.string().max(4096), z.string().max(4096));

export class FolderKeyKeeper implements KeyKeeper {
  private readonly folder: string;

  /** The folder is made when it is needed. */
  constructor(folder: string) {
    this.folder = folder;
  }

  async load(part: ClientPart): Promise<KeptKeys | undefined> {
    const place = await this.place(part);
    if (!hasKeys(place)) return undefined;
    const read = (name: string): Promise<Uint8Array> => readInputFile(join(place, name), fileKinds.keys);
    return {
      secretKey: await read(keyFileNames.secretKey),
      evaluationKeys: await read(keyFileNames.evaluationKeys),
    };
  }

  async save(part: ClientPart, keys: KeySet): Promise<void> {
    const folder = new KeyFolder(await this.place(part), false);
    try {
      folder.write(keys);
    } finally {
      folder.close();
    }
  }

  private place(part: ClientPart): Promise<string> {
    return placeOfSet(this.folder, part, false);
  }

  note(name: string): Promise<string | undefined> {
    return Promise.resolve(this.notes()[name]);
  }

  setNote(name: string, text?: string): Promise<void> {
    const { [name]: before, ...others } = this.notes();
    if (before === text) return Promise.resolve();
    const notes = text === undefined ? others : { ...others, [name]: text };
    attempt(this.folder, () => {
      mkdirSync(this.folder, { recursive: true, mode: 0o700 });
      const aside = join(this.folder, temporaryName());
      writeNewFile(aside, `${JSON.stringify(notes, undefined, 2)}\n`, 0o600);
      renameSync(aside, join(this.folder, notesName));
      syncFolder(this.folder);
    });
    return Promise.resolve();
  }

  private notes(): Readonly<Record<string, string>> {
    const path = join(this.folder, notesName);
    if (!existsSync(path)) return {};
    const parsed = notesSchema.safeParse(parseJson(readFileSync(path, 'utf8')));
    if (parsed.success) return parsed.data;
    // Not begun anew: a pin would be lost silently.
    throw new HepcError([unreadableNotes({}, { file: path })]);
  }
}
