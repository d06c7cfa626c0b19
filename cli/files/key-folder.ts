/** The folder of a client's keys. */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { keysExist, unwritableOutput } from '../../ir/diagnostics/cli.ts';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import type { KeySet } from '../../runtime/seal/keys.ts';
import { fileKinds, readInputFile } from './input-file.ts';
import { attempt, OutputFile } from './output-file.ts';

export const keyFileNames = { secretKey: 'secret.key', publicKey: 'public.key', evaluationKeys: 'eval.keys' } as const;

/** Readable and writable by its owner only. */
const secretMode = 0o600;

/** Where keys will be written. */
export class KeyFolder {
  private readonly folder: string;
  private readonly files: Readonly<Record<keyof KeySet, OutputFile>>;

  /** Makes the folder where it is missing. Throws `HepcError` H720, or H721 for a secret key that is there already. */
  constructor(folder: string, overwrite: boolean) {
    this.folder = folder;
    attempt(folder, () => {
      if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === false)
        throw new HepcError([unwritableOutput({ reason: 'it is a file, not a folder' }, { file: folder })]);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    });
    if (!overwrite && existsSync(secretKeyPath(folder))) throw new HepcError([keysExist({}, { file: folder })]);
    const fileOf = (name: string): OutputFile => new OutputFile(join(this.folder, name));
    this.files = {
      secretKey: fileOf(keyFileNames.secretKey),
      publicKey: fileOf(keyFileNames.publicKey),
      evaluationKeys: fileOf(keyFileNames.evaluationKeys),
    };
  }

  write(keys: KeySet): void {
    this.files.secretKey.write(keys.secretKey, secretMode);
    this.files.publicKey.write(keys.publicKey);
    this.files.evaluationKeys.write(keys.evaluationKeys);
  }
}

/** The secret key in a folder of keys. Throws `HepcError` H710, H711. */
export async function readSecretKeyFile(folder: string): Promise<{ path: string; bytes: Uint8Array }> {
  const path = secretKeyPath(folder);
  return { path, bytes: await readInputFile(path, fileKinds.keys) };
}

function secretKeyPath(folder: string): string {
  return join(folder, keyFileNames.secretKey);
}
