/** Compiling, inspecting and running through the command line. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { nestOutputs } from '../../cli/answers/answers.ts';
import { readIr } from '../../cli/files/ir-file.ts';
import { printModule } from '../../ir/text/print.ts';
import { readNpy } from '../../runtime/format/npy.ts';
import { readHep } from '../../runtime/hep/read.ts';
import { listSamples, loadSamples } from '../../runtime/samples.ts';
import { compileSmallModel, denseModel, runCli, type SmallModel, temporaryFolder } from '../support/cli.ts';
import { reference } from '../support/run-plans.ts';
import { isNightly } from '../support/setup/suite.ts';

let files: SmallModel;
let two: SmallModel;
beforeAll(async () => {
  files = await compileSmallModel(1);
  two = await compileSmallModel(2);
});
afterAll(() => {
  for (const { folder } of [files, two]) rmSync(folder, { recursive: true });
});

const runReport = z.strictObject({
  runs: z.number(),
  keygenMs: z.number(),
  prepareMs: z.number(),
  encryptMs: z.number(),
  evaluateMs: z.number(),
  evaluateMsByRun: z.array(z.number()),
  decryptMs: z.number(),
  peakRssBytes: z.number().positive(),
  outputs: z.strictObject({ y: z.array(z.array(z.number()).length(4)) }),
});

async function runJson(...args: string[]): Promise<z.output<typeof runReport>> {
  const { exitCode, stdout, stderr } = await runCli('run', ...args, '--json', '-q');
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return runReport.parse(JSON.parse(stdout));
}

async function expectedScores({ model, samples }: SmallModel, count: number): Promise<number[][]> {
  const inputs = listSamples(
    loadSamples(readFileSync(samples), samples, [{ name: 'x', shape: [16], hasBatchAxis: true }]),
  );
  const outputs = await reference(readFileSync(model), inputs.slice(0, count));
  return nestOutputs([{ name: 'y', shape: [4] }], outputs)['y'] as number[][];
}

function largestDifference(a: readonly number[][], b: readonly number[][]): number {
  expect(a.map((row) => row.length)).toEqual(b.map((row) => row.length));
  return Math.max(...a.flatMap((row, i) => row.map((x, j) => Math.abs(x - (b[i]?.[j] ?? NaN)))));
}

describe('compile', () => {
  test('is deterministic, and says what it has done', async () => {
    const again = join(files.folder, 'again.hep');
    const { exitCode, stdout, stderr } = await runCli(
      ...['compile', files.model, '-o', again, '--calibrate', files.samples, '-q'],
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain(`${again}: `);
    expect(readFileSync(again).equals(readFileSync(files.plan))).toBe(true);
    rmSync(again);
    expect(readdirSync(files.folder).sort()).toEqual(['dense.hep', 'dense.onnx', 'x.npy']);
  });

  test('warns where there are no samples', async () => {
    const plan = join(temporaryFolder(), 'p.hep');
    const { exitCode, stderr } = await runCli('compile', files.model, '-o', plan, '-q');
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/^warning\[H334\]/);
    expect((await runCli('inspect', plan)).stdout).toContain('WITHOUT calibration samples');
    expect(readHep(readFileSync(plan), plan).client.synthetic).toBe(true);
  });

  test('takes a batch, and runs fewer and more samples than that', async () => {
    const plan = join(temporaryFolder(), 'p.hep');
    const compile = ['compile', files.model, '-o', plan, '--calibrate', files.samples, '-q'];
    expect((await runCli(...compile, '--batch', '16384')).stdout).toMatch(
      /^ {2}batch +\d+ samples a run, where 16384 were/m,
    );
    await runCli(...compile, '--batch', '3');
    const { runs, outputs } = await runJson(plan, '--input', files.samples);
    expect(runs).toBe(3);
    expect(largestDifference(outputs.y, await expectedScores(files, 8))).toBeLessThan(0.02);
  });

  test('--dump-ir writes both sides of every pass, which opt turns into one another', async () => {
    const folder = temporaryFolder();
    const dumps = join(folder, 'dumps');
    mkdirSync(dumps);
    writeFileSync(join(dumps, '01-stale.before.ir'), '');
    writeFileSync(join(dumps, 'notes.txt'), '');
    const plan = join(folder, 'p.hep');
    await runCli('compile', two.model, '-o', plan, '--calibrate', two.samples, '--dump-ir', dumps, '-q');
    const names = readdirSync(dumps).filter((name) => name.endsWith('.ir'));
    expect(names.every((name) => /^\d\d-[a-z-]+\.(before|after)\.ir$/.test(name))).toBe(true);
    expect(names).not.toContain('01-stale.before.ir');
    expect(existsSync(join(dumps, 'notes.txt'))).toBe(true);
    for (const pass of ['dead-nodes', 'merge-linear', 'dead-ciphertexts', 'fold-rotations']) {
      const before = names.find((name) => name.endsWith(`-${pass}.before.ir`)) ?? '';
      const after = join(dumps, before.replace('.before.', '.after.'));
      const out = join(folder, 'out.ir');
      const { exitCode, stdout, stderr } = await runCli('opt', '--pass', pass, join(dumps, before), '-o', out);
      expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
      expect(stderr).toContain(`${pass}: `);
      expect(readFileSync(out, 'utf8')).toBe(readFileSync(after, 'utf8'));
      expect((await runCli('opt', '--pass', pass, join(dumps, before))).stdout).toBe(readFileSync(after, 'utf8'));
    }
  });
});

describe('inspect', () => {
  test('summarises', async () => {
    const { stdout } = await runCli('inspect', two.plan);
    const { statistics, client } = readHep(readFileSync(two.plan), two.plan);
    for (const text of [
      `x [16] as ${client.inputs[0]?.layout.toString() ?? ''}`,
      `N = ${statistics.polyModulusDegree}`,
      statistics.modulusBits.join(' + '),
      'Gemm_h (Gemm)',
      'Mul_s (Mul)',
    ])
      expect(stdout).toContain(text);
    expect(stdout).not.toContain('WITHOUT');
  });

  test('--stats --json prints the statistics of the plan', async () => {
    const { stdout } = await runCli('inspect', two.plan, '--stats', '--json');
    expect(JSON.parse(stdout)).toEqual(readHep(readFileSync(two.plan), two.plan).statistics);
    expect((await runCli('inspect', two.plan, '--stats')).stdout).toMatch(/^ {2}polyModulusDegree {2}/);
  });

  test('--json counts operations by level and by node', async () => {
    const counts = z.record(z.string(), z.number());
    const schema = z.looseObject({
      statistics: z.looseObject({ rotations: z.number() }),
      secondsPerSample: z.number(),
      levelsOverTime: z.strictObject({
        milliseconds: z.number(),
        levels: z.array(z.int()).length(70),
        stretches: z.array(z.looseObject({ milliseconds: z.number() })).length(1),
      }),
      operationsByLevel: z.array(z.strictObject({ level: z.number(), counts })),
      operationsByNode: z.array(z.strictObject({ nodes: z.array(z.looseObject({ name: z.string() })), counts })),
    });
    const report = schema.parse(JSON.parse((await runCli('inspect', two.plan, '--json')).stdout));
    for (const rows of [report.operationsByLevel, report.operationsByNode])
      expect(rows.reduce((sum, row) => sum + (row.counts['rotate'] ?? 0), 0)).toBe(report.statistics.rotations);
    const { milliseconds, stretches } = report.levelsOverTime;
    expect(milliseconds / 1000).toBeCloseTo(report.secondsPerSample, 9);
    expect(stretches[0]?.milliseconds).toBeCloseTo(milliseconds, 6);
    const levels = report.operationsByLevel.map(({ level }) => level);
    expect(levels).toEqual(levels.toSorted((a, b) => b - a));
  });

  test.each(['tensor', 'tile', 'he', 'plan'])('--level %s prints the text of that level', async (level) => {
    const { exitCode, stdout } = await runCli('inspect', two.plan, '--level', level);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(new RegExp(`^hepc\\.ir 1 ${level} "`));
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThan(4000);
  });

  test.each(['he', 'plan'])('--level %s --output writes what opt reads, with its constants', async (level) => {
    const path = join(temporaryFolder(), 'dense.ir');
    const { exitCode } = await runCli('inspect', two.plan, '--level', level, '--output', path);
    expect(exitCode).toBe(0);
    expect(existsSync(path.replace('.ir', '.npz'))).toBe(true);
    const { stdout } = await runCli('inspect', two.plan, '--level', level);
    expect(readFileSync(path, 'utf8')).toBe(stdout);
    expect(printModule(await readIr(path)).text).toBe(stdout);
  });

  test.each(['tensor', 'tile', 'he', 'plan'])(
    'the text of level %s without constants says how to get them',
    async (level) => {
      const path = join(temporaryFolder(), 'dense.ir');
      const { stdout } = await runCli('inspect', two.plan, '--level', level);
      writeFileSync(path, stdout);
      const { exitCode, stderr } = await runCli('opt', path, '--pass', 'dead-nodes');
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/^error\[H217\]/);
      expect(stderr).toContain('hepc inspect PLAN --level LEVEL --output FILE.ir');
      expect(stderr).toContain('hepc compile --dump-ir DIR');
    },
  );

  test('--output is for --level', async () => {
    for (const args of [
      ['-o', 'x.ir'],
      ['--level', 'he', '--json', '-o', 'x.ir'],
    ]) {
      const { exitCode, stderr } = await runCli('inspect', two.plan, ...args);
      expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining('--level') as string });
    }
  });
});

describe('run', () => {
  test.each(['clear', 'seal-wasm'])('computes what onnxruntime computes (%s)', async (engine) => {
    const model = isNightly || engine === 'clear' ? two : files;
    const report = await runJson(model.plan, '--input', model.samples, '--engine', engine, '--limit', '3');
    expect(report.runs).toBe(3);
    expect(report.evaluateMsByRun).toHaveLength(3);
    expect(largestDifference(report.outputs.y, await expectedScores(model, 3))).toBeLessThan(0.02);
  });

  test('uses several threads', async () => {
    const { outputs } = await runJson(files.plan, '--input', files.samples, '--threads', '2', '--limit', '1');
    expect(largestDifference(outputs.y, await expectedScores(files, 1))).toBeLessThan(0.02);
  });

  test('binds encrypted weights by itself', async () => {
    const plan = join(temporaryFolder(), 'p.hep');
    await runCli('compile', files.model, '-o', plan, '--calibrate', files.samples, '--weights', 'encrypted', '-q');
    const { outputs } = await runJson(plan, '--input', files.samples, '--limit', '1');
    expect(largestDifference(outputs.y, await expectedScores(files, 1))).toBeLessThan(0.02);
  });

  test('writes the answers as an array, or prints them', async () => {
    const output = join(temporaryFolder(), 'y.npy');
    const args = ['run', files.plan, '--input', files.samples, '--engine', 'clear', '-q'];
    const written = await runCli(...args, '--output', output);
    expect(written).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    const array = readNpy(readFileSync(output));
    expect([array.dtype, array.shape]).toEqual(['f8', [8, 4]]);
    const printed = await runCli(...args, '--limit', '2');
    expect(printed.stdout).toMatch(/^sample 0, y \[4\]: largest at \d \(\S+\); \S+ \S+ \S+ \S+\nsample 1, .*\n$/);
  });
});

describe('verify', () => {
  const verifyReport = z.looseObject({
    samples: z.number(),
    maxError: z.number(),
    meanError: z.number(),
    argmaxAgreement: z.number(),
    allowedMaxError: z.number(),
    predictedMaxError: z.number(),
    passed: z.boolean(),
  });

  const encrypted = isNightly ? [['--engine', 'seal-wasm']] : [];
  test.each([['--engine', 'clear'], ['--noise'], ...encrypted])('passes (%s %s)', async (...engine) => {
    const args = ['verify', two.plan, '--model', two.model, '--input', two.samples, '-q', ...engine];
    const { exitCode, stdout, stderr } = await runCli(...args, '--json');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const report = verifyReport.parse(JSON.parse(stdout));
    expect(report.samples).toBe(8);
    expect(report.passed).toBe(true);
    expect(report.meanError).toBeLessThanOrEqual(report.maxError);
    expect(report.maxError).toBeLessThan(0.01);
    if (engine[1] === 'clear') expect(report.maxError).toBeLessThan(1e-5);
    else expect(report.maxError).toBeGreaterThan(1e-5);
  });

  test('fails with exit code 1 where the model computes something else', async () => {
    const other = join(temporaryFolder(), 'other.onnx');
    writeFileSync(other, denseModel(1));
    const { exitCode, stdout, stderr } = await runCli(
      ...['verify', two.plan, '--model', other, '--input', two.samples, '--engine', 'clear', '-q'],
    );
    expect(exitCode).toBe(1);
    expect(stdout).toContain('largest error');
    expect(stderr).toMatch(/^error\[H734\]/);
  });

  test('counts right labels, of --labels or of the samples', async () => {
    const labels = join(temporaryFolder(), 'labels.json');
    writeFileSync(labels, JSON.stringify([0, 1, 2, 3, 0, 1, 2, 3]));
    const args = [
      'verify',
      two.plan,
      '--model',
      two.model,
      '--input',
      two.samples,
      '--engine',
      'clear',
      '-q',
      '--json',
    ];
    const rightOf = async (...more: readonly string[]): Promise<unknown> =>
      verifyReport.parse(JSON.parse((await runCli(...args, ...more)).stdout))['rightLabels'];
    expect(await rightOf()).toBeUndefined();
    const right = z.object({ plan: z.number(), model: z.number() }).parse(await rightOf('--labels', labels));
    expect(right.plan).toBe(right.model);
    expect(right.plan * 8).toBe(Math.round(right.plan * 8));
    writeFileSync(labels, JSON.stringify([0, 1, 2]));
    expect((await runCli(...args, '--labels', labels)).stderr).toMatch(/^error\[H411\]/);
  });

  test('refuses a model with other inputs', async () => {
    const other = join(temporaryFolder(), 'other.onnx');
    writeFileSync(other, denseModel(1, { width: 8 }));
    const { exitCode, stderr } = await runCli('verify', two.plan, '--model', other, '--input', two.samples, '-q');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('input "x" has shape [8], in the plan [16]');
  });
});

describe('opt', () => {
  const source = 'hepc.ir 1 tensor "t"\n%0 = input {name: "x", shape: [2]}\n%1 = output %0 {name: "y"}\n';

  test.each([
    [['--pass', 'fold-rotations'], 'H740', 'takes modules of level he; this one is of level tensor'],
    [['--pass', 'dead-nodes', '--options', '['], 'H741', 'expected a JSON object'],
    [['--pass', 'dead-nodes', '--options', '{"x": 1}'], 'H741', 'options of dead-nodes: '],
    [
      ['--pass', 'dead-nodes', '--pass', 'merge-linear', '--options', '{"merge": {}}'],
      'H741',
      '"merge" is none of these passes',
    ],
  ])('refuses %j', async (args, code, message) => {
    const file = join(temporaryFolder(), 'm.ir');
    writeFileSync(file, source);
    const { exitCode, stdout, stderr } = await runCli('opt', ...args, file);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain(`error[${code}]`);
    expect(stderr).toContain(message);
  });

  test('refuses a managed program where a pass adds values, and says what to give it', async () => {
    const file = join(temporaryFolder(), 'managed.ir');
    const parameters = 'parameters: {polyModulusDegree: 4096, primes: [68718428161], specialPrimes: [68719230977]}';
    const type = ': ct level 0 scale 1048576 size 2';
    const ops = [`%0 = input {index: 0} ${type}`, `%1 = output %0 {index: 0} ${type}`];
    writeFileSync(file, `hepc.ir 1 he "m" {slots: 2048, ${parameters}}\n${ops.join('\n')}\n`);
    const { exitCode, stdout, stderr } = await runCli('opt', '--pass', 'fold-rotations', file);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain('error[H260] parameters: fold-rotations requires the fact unmanaged');
    expect(stderr).toContain('help: Give it the program from before assign-levels');
  });

  test('points at mistakes in the text', async () => {
    const file = join(temporaryFolder(), 'm.ir');
    writeFileSync(file, source.replace('input {', 'inptu {'));
    const { exitCode, stderr } = await runCli('opt', '--pass', 'dead-nodes', file);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`${file}:2:6`);
  });
});
