/** Evaluates files to files: the runs of one, or several that share a run. Outputs have their names once they are whole. */
import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises';
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { freeBytes } from '../../runtime/base/free-bytes.ts';
import { fileAccess } from '../../runtime/format/file-access.ts';
import type { RandomAccess } from '../../runtime/format/random-access.ts';
import type { EvaluationTimings } from '../../runtime/base/engine.ts';
import type { ServerSession } from '../../runtime/server-session.ts';
import { onDisk } from '../base/on-disk.ts';
import type { EvaluationRequest, EvaluationResult } from './evaluator.ts';

export interface RunOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number) => void;
}

/** Rejects as the session does, and with errors of the system; leaves no file behind then. */
export async function evaluateFiles(
  session: ServerSession,
  request: Pick<EvaluationRequest, 'inputs' | 'outputs' | 'staged'>,
  options: RunOptions,
): Promise<Omit<EvaluationResult, 'openMs'>> {
  const { inputs, outputs, staged } = request;
  if (staged !== undefined && session.rounds > 0) return evaluateStage(session, { inputs, outputs, staged }, options);
  const files: FileHandle[] = [];
  const read: Uint8Array[] = [];
  try {
    const sources: RandomAccess[] = [];
    for (const { path } of inputs) {
      const file = await open(path);
      files.push(file);
      sources.push(remembering(fileAccess(file, (await file.stat()).size), read));
    }
    return await writeWhole(outputs, async (written) => {
      const pairs = sources.map((source, k) => {
        const file = written[k] ?? missing();
        return { inputs: source, append: (bytes: Uint8Array) => file.append(bytes) };
      });
      const [only, ...others] = pairs;
      if (only === undefined || others.length > 0) return (await session.evaluateTogether(pairs, options)).timings;
      const runs = inputs[0] ?? missing();
      return (await session.evaluateTo(only.inputs, only.append, { runs, ...options })).timings;
    });
  } finally {
    for (const file of files) await file.close();
    for (const bytes of read) freeBytes(bytes);
  }
}

/** As `evaluateFiles`, one stage of a plan with refreshes. */
async function evaluateStage(
  session: ServerSession,
  { inputs: [input], outputs, staged }: Required<Pick<EvaluationRequest, 'inputs' | 'outputs' | 'staged'>>,
  options: RunOptions,
): Promise<Omit<EvaluationResult, 'openMs'>> {
  const { resumes, pauses } = staged;
  const bytes = await readFile((input ?? missing()).path);
  const step =
    resumes === undefined
      ? await session.start(bytes, options)
      : await session.restore(await readFile(resumes)).resume(bytes, options);
  const { timings } = step;
  const write = (paths: readonly string[], content: Uint8Array) =>
    writeWhole(paths, async ([file = missing()]) => {
      await file.append(content);
      return timings;
    });
  if (!('request' in step)) return write(outputs, step.outputs);
  const [paused = missing()] = (await write([pauses], step.paused.save())).outputs;
  return { ...(await write(outputs, step.request)), paused: { ...paused, round: step.paused.round } };
}

/** What has been read of a file, the first pieces, which are most of what a file of one run has. */
const rememberedPieces = 16;

/** Has those that are read of `source` in `pieces`. */
function remembering(source: RandomAccess, pieces: Uint8Array[]): RandomAccess {
  return {
    size: source.size,
    read: async (offset, length) => {
      const bytes = await source.read(offset, length);
      if (pieces.length < rememberedPieces) pieces.push(bytes);
      return bytes;
    },
  };
}

function missing(): never {
  throw new InternalError('there are not as many outputs as inputs');
}

/** A file as it is written. */
class OutputFile {
  private readonly handle: FileHandle;
  private readonly hash = createHash('sha256');
  private bytes = 0;

  constructor(handle: FileHandle) {
    this.handle = handle;
  }

  async append(bytes: Uint8Array): Promise<void> {
    this.hash.update(bytes);
    this.bytes += bytes.length;
    await onDisk('encrypted outputs', () => this.handle.writeFile(bytes));
  }

  /** To be asked once. */
  get result() {
    return { bytes: this.bytes, digest: this.hash.digest('hex') };
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

/** Has `write` append to files that have their names only when all are whole. */
async function writeWhole(
  paths: readonly string[],
  write: (files: readonly OutputFile[]) => Promise<EvaluationTimings>,
): Promise<Omit<EvaluationResult, 'openMs'>> {
  const partial = (path: string): string => `${path}.partial`;
  try {
    const files: OutputFile[] = [];
    let timings: EvaluationTimings;
    try {
      for (const path of paths) {
        const file = await onDisk('encrypted outputs', () => open(partial(path), 'w', 0o600));
        files.push(new OutputFile(file));
      }
      timings = await write(files);
    } finally {
      for (const file of files) await file.close();
    }
    for (const path of paths) await rename(partial(path), path);
    return { outputs: files.map(({ result }) => result), timings };
  } catch (error) {
    for (const path of paths) await rm(partial(path), { force: true });
    throw error;
  }
}
