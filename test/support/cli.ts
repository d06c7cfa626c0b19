/** The command line, in this process and in one of its own, and small models for it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { commands } from '../../cli/commands/registry.ts';
import type { CommandEntry } from '../../cli/parsing/command-entry.ts';
import { failureOf } from '../../cli/shell/failure.ts';
import { runCommandLine } from '../../cli/parsing/program.ts';
import { seededRandom } from '../../ir/random.ts';
import { writeNpy } from '../../runtime/format/npy.ts';
import { floats, model, node } from './onnx-builder.ts';

export interface CliResult {
  /** Null where a signal ended the process. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command in this process; progress, which goes to the real standard error, is to be silenced by `-q`. */
export async function runCli(...args: string[]): Promise<CliResult> {
  let stdout = '';
  let stderr = '';
  const context = {
    print: (text: string) => {
      stdout += text;
    },
    remark: (text: string) => {
      stderr += `${text}\n`;
    },
  };
  try {
    await runCommandLine(args, { commands, version: '0.0.0-test', context });
    return { exitCode: 0, stdout, stderr };
  } catch (error) {
    const { exitCode, text } = failureOf(error, false);
    return { exitCode, stdout, stderr: stderr + text };
  }
}

/** What a command prints that has nothing to complain of. */
export async function succeed(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runCli(...args);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout;
}

/** What a command says that refuses its input. */
export async function fail(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runCli(...args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  return stderr;
}

/** The commands, which check their options, tell `seen`, and do nothing. */
export function idleCommands(seen: (name: string, options: unknown) => void): CommandEntry[] {
  return commands.map((entry) => ({
    ...entry,
    load: async () => {
      const command = await entry.load();
      return {
        ...command,
        execute: (raw) => {
          seen(command.name, command.options.parse(raw));
          return Promise.resolve();
        },
      };
    },
  }));
}

const entry = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');

export interface SpawnOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Options of Node. */
  readonly node?: readonly string[];
  /** Called with each piece of the standard error. */
  readonly onStderr?: (text: string, child: ChildProcess) => void;
}

/** Runs a command in a process of its own, as users do. */
export function spawnCli(args: readonly string[], { env, node = [], onStderr }: SpawnOptions = {}): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...node, entry, ...args], {
      env: { ...process.env, FORCE_COLOR: undefined, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      onStderr?.(text, child);
    });
    child.once('error', reject);
    child.once('close', (exitCode) => {
      resolve({ exitCode, stdout, stderr });
    });
  });
}

/** A folder that vanishes with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hepc-cli-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** `x` [n, 16] → Gemm to 8 → square → Gemm to 4 → `y`; or with one layer, Gemm to 4 alone. */
export function denseModel(layers: 1 | 2, { width = 16 } = {}): Uint8Array {
  const random = seededRandom(1);
  const weights = (rows: number, columns: number) =>
    floats(
      [rows, columns],
      Float64Array.from({ length: rows * columns }, () => (2 * random.uniform() - 1) / Math.sqrt(columns)),
    );
  const gemm = (x: string, w: string, b: string, y: string) => node('Gemm', `${x} ${w} ${b}`, y, { transB: 1 });
  return model({
    inputs: { x: ['n', width] },
    outputs: ['y'],
    nodes:
      layers === 1
        ? [gemm('x', 'w1', 'b1', 'y')]
        : [gemm('x', 'w1', 'b1', 'h'), node('Mul', 'h h', 's'), gemm('s', 'w2', 'b2', 'y')],
    initializers:
      layers === 1
        ? { w1: weights(4, width), b1: weights(1, 4) }
        : { w1: weights(8, width), b1: weights(1, 8), w2: weights(4, 8), b2: weights(1, 4) },
  });
}

/** Samples in [0, 1) of shape [count, width] as `.npy`. */
export function sampleFile(count: number, { width = 16, scale = 1 } = {}): Uint8Array {
  const random = seededRandom(2);
  const data = Float64Array.from({ length: count * width }, () => scale * random.uniform());
  return writeNpy({ dtype: 'f8', shape: [count, width], data });
}

/** A model with samples and its plan, as paths in a folder that the caller removes. */
export interface SmallModel {
  readonly folder: string;
  readonly model: string;
  readonly samples: string;
  readonly plan: string;
}

/** Compiles a small model through the command line. Throws where that fails. */
export async function compileSmallModel(layers: 1 | 2, ...options: string[]): Promise<SmallModel> {
  const files = smallModelFiles(layers);
  const { exitCode, stderr } = await runCli(
    ...['compile', files.model, '-o', files.plan, '--calibrate', files.samples, '-q', ...options],
  );
  if (exitCode !== 0) throw new Error(stderr);
  return files;
}

function smallModelFiles(layers: 1 | 2): SmallModel {
  const folder = mkdtempSync(join(tmpdir(), 'hepc-cli-'));
  const files = { model: join(folder, 'dense.onnx'), samples: join(folder, 'x.npy'), plan: join(folder, 'dense.hep') };
  writeFileSync(files.model, denseModel(layers));
  writeFileSync(files.samples, sampleFile(8));
  return { folder, ...files };
}
