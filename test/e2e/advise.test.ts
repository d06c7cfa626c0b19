/** `hepc advise`: every row is a plan, which its command makes at night. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

import { type Advice, advise, compile } from '../../index.ts';
import { seededRandom } from '../../ir/random.ts';
import { runCli } from '../support/cli.ts';
import { floats, model, node } from '../support/onnx-builder.ts';
import { isNightly } from '../support/setup/suite.ts';

const folder = mkdtempSync(join(tmpdir(), 'hepc-advise-'));
const [onnx, samples] = [join(folder, 'relu.onnx'), join(folder, 'x.json')];
const random = seededRandom(3);
const normals = (count: number): number[] => Array.from({ length: count }, () => random.gaussian());

const bytes = model({
  inputs: { x: ['N', 8] },
  outputs: ['y'],
  nodes: [node('Gemm', 'x w', 'h'), node('Relu', 'h', 'r'), node('Gemm', 'r v', 'y')],
  initializers: { w: floats([8, 12], normals(96)), v: floats([12, 4], normals(48)) },
});
const x = Array.from({ length: 120 }, () => normals(8));
writeFileSync(onnx, bytes);
writeFileSync(samples, JSON.stringify({ x }));

afterAll(() => {
  rmSync(folder, { recursive: true });
});

test('rows are plans, which their errors lead to', () => {
  const calibration = x.map((row) => new Map([['x', Float64Array.from(row)]]));
  const { errors, activations, squares } = advise(bytes, { calibration, maxDegree: 15 });
  const plans = errors.flatMap((each) => ('figures' in each ? [each] : []));
  expect(plans.length).toBeGreaterThan(1);
  const [first] = plans;
  const { plan } = compile(bytes, { calibration, maxDegree: 15, maxError: first?.maxError ?? 0 });
  expect(first?.figures).toMatchObject({
    polyModulusDegree: plan.client.parameters.polyModulusDegree,
    predictedError: plan.client.predictedMaxError,
    levels: plan.client.parameters.primes.length - 1,
  });
  expect(activations).toMatchObject([{ kind: 'relu' }]);
  expect(squares?.levels).toBeLessThan(first?.figures.levels ?? 0);
});

test('on the command line, as a table, a picture and JSON', async () => {
  const picture = join(folder, 'plans.svg');
  const args = ['advise', onnx, '--calibrate', samples, '--max-degree', '7', '-q'];
  const { exitCode, stdout } = await runCli(...args, '--picture', picture);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/max error +predicted +same labels +degrees +levels +N +time +keys +inputs +memory\n/);
  expect(stdout).toMatch(
    /hepc compile \S+relu\.onnx -o PLAN\.hep --calibrate \S+x\.json --max-error [\d.]+% --max-degree 7\n/,
  );
  expect(stdout).toMatch(/"Relu_r" \(Relu\) takes \d+ levels: degree \d+ on -[\d.]+ to [\d.]+\n/);
  expect(stdout).toMatch(/x² in place of every activation, once trained again: N = \d+/);
  expect(readFileSync(picture, 'utf8')).toMatch(/^<svg /);
  const report = JSON.parse((await runCli(...args, '--json')).stdout) as Advice;
  expect(report.errors.length).toBeGreaterThan(0);
});

if (isNightly)
  test('compile --sweep keeps every other option, and a command that it prints makes the plan of its row', async () => {
    const args = ['compile', onnx, '--calibrate', samples, '--max-degree', '7', '--max-keys', '40', '-q'];
    const { exitCode, stdout } = await runCli(...args, '--sweep');
    expect(exitCode).toBe(0);
    const [line = ''] = /^ +hepc compile .*$/m.exec(stdout) ?? [];
    expect(line).toMatch(
      /^ +hepc compile \S+ -o PLAN\.hep --calibrate \S+ --max-error [\d.]+% --max-degree 7 --max-keys 40$/,
    );
    const plan = join(folder, 'plan.hep');
    const words = line.trim().split(' ').slice(1);
    const made = await runCli(...words.map((word) => (word === 'PLAN.hep' ? plan : word)), '-q');
    expect(made.exitCode).toBe(0);
    const [, predicted = ''] = /predicted error +(\S+) of/.exec(made.stdout) ?? [];
    expect(stdout.split('\n')[2]?.split(/ +/)).toContain(predicted);
  });

test.each([
  [['--sweep', '-o', 'p.hep'], '--output says nothing of a sweep, which writes no plan'],
  [['--sweep', '--max-error', '1%'], '--max-error says nothing of a sweep, which writes no plan'],
  [['-o', 'p.hep', '--picture', 'p.svg'], '--picture needs --sweep'],
  [[], 'the option --output is missing'],
])('compile %j is refused', async (args, reason) => {
  const { exitCode, stderr } = await runCli('compile', onnx, '--calibrate', samples, ...args);
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(reason) as string });
});
