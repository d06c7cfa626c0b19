/** ONNX models from files, with the files of external data beside them. */
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, isAbsolute } from 'node:path';
import { fileTooLarge, unreadableFile } from '../../ir/diagnostics/cli.ts';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import type { OnnxSource } from '../../compiler/onnx/import.ts';
import { fileKinds, readInputFile } from './input-file.ts';
import { claimInput } from './places.ts';
import { describeSystemError, isSystemError } from './system-errors.ts';

export interface ModelFile extends OnnxSource {
  /** `mlp` for `models/mlp.onnx`. */
  readonly name: string;
  /** The files of external data that have been read so far, by their path relative to the model. */
  readonly externalData: ReadonlyMap<string, Uint8Array>;
}

/** Throws `HepcError` H710 or H711. */
export async function openModel(path: string): Promise<ModelFile> {
  const bytes = await readInputFile(path, fileKinds.model);
  const externalData = new Map<string, Uint8Array>();
  return {
    bytes,
    fileName: path,
    name: basename(path).replace(/\.onnx$/i, ''),
    externalData,
    readExternal: (relativePath) => {
      const known = externalData.get(relativePath) ?? readBeside(path, relativePath);
      if (known !== undefined) externalData.set(relativePath, known);
      return known;
    },
  };
}

/**
 * Bytes of a file below the model's folder; undefined where there is none. A symbolic link may lead to the folder of
 * the model itself or, where that is a link too, of what it links to, and nowhere else: the model may be a stranger's.
 */
function readBeside(modelPath: string, relativePath: string): Uint8Array | undefined {
  const path = join(dirname(modelPath), relativePath);
  const { what, maxBytes } = { what: 'external data', maxBytes: fileKinds.model.maxBytes };
  try {
    const real = realpathSync(path);
    const folders = [realpathSync(dirname(modelPath)), dirname(realpathSync(modelPath))];
    if (!folders.some((folder) => isBelow(real, folder)))
      throw new HepcError([
        unreadableFile({ reason: "it links to a place outside of the model's folder" }, { file: path }),
      ]);
    const stat = statSync(real);
    if (!stat.isFile()) throw new HepcError([unreadableFile({ reason: 'it is no file' }, { file: path })]);
    if (stat.size > maxBytes) throw new HepcError([fileTooLarge({ what, limit: maxBytes }, { file: path })]);
    claimInput(path, real);
    return readFileSync(real);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === 'ENOENT') return undefined;
    throw new HepcError([unreadableFile({ reason: describeSystemError(error) }, { file: path })]);
  }
}

function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '' && !way.startsWith('..') && !isAbsolute(way);
}
