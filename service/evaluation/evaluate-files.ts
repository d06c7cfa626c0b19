/** Evaluates files to files: the runs of one, or several that share a run. Outputs have their names once they are whole. */
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { fileAccess } from '../../runtime/format/file-access.ts';
import type { RandomAccess } from '../../runtime/format/random-access.ts';
import type { Append } from '../../runtime/format/zip-writer.ts';
import type { ServerSession } from '../../runtime/server-session.ts';
import type { EvaluationRequest, EvaluationResult } from './evaluator.ts';

export interface RunOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number) => void;
}

/** Rejects as the session does, and with errors of the system; leaves no file behind then. */
export async function evaluateFiles(
  session: ServerSession,
  { inputs, outputs }: Pick<EvaluationRequest, 'inputs' | 'outputs'>,
  options: RunOptions,
): Promise<Omit<EvaluationResult, 'openMs'>> {
  const files: FileHandle[] = [];
  try {
    const sources: RandomAccess[] = [];
    for (const { path } of inputs) {
      const file = await open(path);
      files.push(file);
      sources.push(fileAccess(file, (await file.stat()).size));
    }
    return await writeWhole(outputs, async (appends) => {
      const pairs = sources.map((source, k) => ({ inputs: source, append: appends[k] ?? missing() }));
      const [only, ...others] = pairs;
      if (only === undefined || others.length > 0) {
        const { bytes, timings } = await session.evaluateTogether(pairs, options);
        return { outputs: bytes.map((each) => ({ bytes: each })), timings };
      }
      const runs = inputs[0] ?? missing();
      const { bytes, timings } = await session.evaluateTo(only.inputs, only.append, { runs, ...options });
      return { outputs: [{ bytes }], timings };
    });
  } finally {
    for (const file of files) await file.close();
  }
}

function missing(): never {
  throw new InternalError('there are not as many outputs as inputs');
}

/** Has `write` append to files that have their names only when all are whole. */
async function writeWhole<T>(paths: readonly string[], write: (appends: readonly Append[]) => Promise<T>): Promise<T> {
  const partial = (path: string): string => `${path}.partial`;
  try {
    const files: FileHandle[] = [];
    let result: T;
    try {
      for (const path of paths) files.push(await open(partial(path), 'w', 0o600));
      result = await write(
        files.map((file) => async (bytes) => {
          await file.writeFile(bytes);
        }),
      );
    } finally {
      for (const file of files) await file.close();
    }
    for (const path of paths) await rename(partial(path), path);
    return result;
  } catch (error) {
    for (const path of paths) await rm(partial(path), { force: true });
    throw error;
  }
}
