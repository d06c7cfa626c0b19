/**
 * Networks of this version and of another checkout of the project, in turn: keys, a session, evaluations. Each is compiled,
 * keyed and evaluated by its own version.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from '../../ir/maths/averages.ts';
import { sessionFigures, type SessionFigures } from '../engine/session-figures.ts';
import { type Spread, spreadOf } from '../engine/spread.ts';
import { type BenchModel, benchModels } from '../models.ts';
import { runProgram } from '../run-program.ts';

const names = [
  'ae-784-128-32-128-784',
  'lenet5-average-pools',
  'batchnorm-relu',
  'resnet',
  'mlp-784-128-128-10',
  'cryptonets',
  'ae-784-64-784',
] as const;

const root = join(import.meta.dirname, '..', '..');

export interface VersionFigures {
  readonly keygenMs: Spread;
  readonly keyBytes: number;
  readonly readyMs: Spread;
  readonly evaluateMs: Spread;
  /** On two threads. */
  readonly twoThreadsMs: Spread;
}

export interface NetworkPair {
  readonly name: string;
  readonly before: VersionFigures;
  readonly after: VersionFigures;
}

/**
 * @param other root of the other checkout, with its dependencies and kernels
 * @param rounds processes of each version and number of threads
 */
export function compareNetworks(other: string, rounds: number, log: (line: string) => void): NetworkPair[] {
  return names.map((name) => {
    log(name);
    const model = benchModels.find((each) => each.name === name);
    if (model === undefined) throw new Error(`there is no model ${name}`);
    const folder = mkdtempSync(join(tmpdir(), 'hepc-primes-'));
    try {
      const before = new Version(other, model, join(folder, 'before'));
      const after = new Version(root, model, join(folder, 'after'));
      for (let round = 0; round < rounds; round++) {
        for (const version of [before, after]) {
          version.makeKeys(round);
          version.evaluate(1);
          version.evaluate(2);
        }
      }
      return { name, before: before.figures(), after: after.figures() };
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

class Version {
  private readonly root: string;
  private readonly model: BenchModel;
  private readonly prefix: string;
  private readonly runs: { readonly one: SessionFigures[]; readonly two: SessionFigures[] } = { one: [], two: [] };
  private readonly keygen: number[] = [];
  private keys = '';

  constructor(root: string, model: BenchModel, prefix: string) {
    this.root = root;
    this.model = model;
    this.prefix = prefix;
    const { modelFile, maxError } = model;
    const [onnx, samples] = [join(root, modelFile), this.samples];
    this.hepc('compile', onnx, '-o', this.plan, '--calibrate', samples, '--max-error', String(maxError));
  }

  /** In a process of its own, whose start is part of it. */
  makeKeys(round: number): void {
    this.keys = `${this.prefix}-keys-${round}`;
    const start = performance.now();
    this.hepc('keygen', this.plan, '-o', this.keys);
    this.keygen.push(performance.now() - start);
  }

  evaluate(threads: 1 | 2): void {
    const inputs = `${this.prefix}.ct`;
    this.hepc('encrypt', this.plan, '--keys', this.keys, '--input', this.samples, '--limit', '1', '-o', inputs);
    const settings = JSON.stringify({ engine: 'simd', threads, runs: 10 });
    const script = join(this.root, 'bench', 'engine', 'session-process.ts');
    const output = runProgram([script, this.plan, join(this.keys, 'eval.keys'), inputs, settings], this.root);
    this.runs[threads === 1 ? 'one' : 'two'].push(sessionFigures.parse(JSON.parse(output)));
  }

  figures(): VersionFigures {
    // V8 has compiled what runs in the later half.
    const settled = (runs: readonly SessionFigures[]): Spread =>
      spreadOf(runs.map(({ evaluateMs }) => median(evaluateMs.slice(Math.floor(evaluateMs.length / 2)))));
    const { one, two } = this.runs;
    return {
      keygenMs: spreadOf(this.keygen),
      keyBytes: this.sizeOf('eval.keys'),
      readyMs: spreadOf(one.map(({ readyMs }) => readyMs)),
      evaluateMs: settled(one),
      twoThreadsMs: settled(two),
    };
  }

  private sizeOf(file: string): number {
    const found = readdirSync(this.keys).find((name) => name === file);
    if (found === undefined) throw new Error(`there is no ${file} in ${this.keys}`);
    return statSync(join(this.keys, found)).size;
  }

  private get plan(): string {
    return `${this.prefix}.hep`;
  }

  private get samples(): string {
    return join(this.root, this.model.sampleFile);
  }

  private hepc(...args: readonly string[]): void {
    runProgram([join(this.root, 'cli', 'main.ts'), ...args], this.root);
  }
}
