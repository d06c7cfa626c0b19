/**
 * Keys of services in a folder, as `keygen` writes them and `encrypt` reads them: a set for each kind of parameters. Beside them
 * `services.json`, with what was seen of servers, and digests of key files.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { unreadableNotes } from '../../../ir/diagnostics/service/remote.ts';
import { sha256HexOf } from '../../../ir/digest.ts';
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
    const evaluationKeys = (): Promise<Uint8Array> =>
      readInputFile(join(place, keyFileNames.evaluationKeys), fileKinds.keys);
    return {
      secretKey: await readInputFile(join(place, keyFileNames.secretKey), fileKinds.keys),
      digest: await this.digestIn(place, evaluationKeys),
      evaluationKeys,
    };
  }

  async save(part: ClientPart, keys: KeySet, digest: string): Promise<void> {
    const place = await this.place(part);
    const folder = new KeyFolder(place, false);
    try {
      folder.write(keys);
    } finally {
      folder.close();
    }
    await this.digestIn(place, () => Promise.resolve(keys.evaluationKeys), digest);
  }

  /** Nothing goes: keys in a folder are the user's files. */
  use(): Promise<void> {
    return Promise.resolve();
  }

  /** SHA-256 of the evaluation keys in `place`, noted for the file as it is now: its size, and when it was changed last. */
  private async digestIn(place: string, read: () => Promise<Uint8Array>, known?: string): Promise<string> {
    const name = `digest of ${relative(this.folder, join(place, keyFileNames.evaluationKeys))}`;
    const { size = 0, mtimeMs = 0 } =
      statSync(join(place, keyFileNames.evaluationKeys), { throwIfNoEntry: false }) ?? {};
    const [notedSize, notedTime, noted] = ((await this.note(name)) ?? '').split(' ');
    if (noted !== undefined && notedSize === String(size) && notedTime === String(mtimeMs)) return noted;
    const digest = known ?? (await sha256HexOf((await read()) as Uint8Array<ArrayBuffer>));
    try {
      await this.setNote(name, `${size} ${mtimeMs} ${digest}`);
    } catch (error) {
      // In a folder that may be read alone it is made each time.
      if (!(error instanceof HepcError)) throw error;
    }
    return digest;
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
