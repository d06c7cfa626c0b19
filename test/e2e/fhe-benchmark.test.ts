/** The stages of `examples/fhe-benchmark` without the harness: what they refuse; at night also 20 images. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readMnist } from '../../bench/mnist.ts';
import { readLabels, runStage, runStages, stageNames, writePixels } from '../../bench/stages/run-stages.ts';
import { compileFor } from '../../examples/fhe-benchmark/compile-for.ts';
import { writeClientPart } from '../../index.ts';
import { instanceOf, pixelsPerImage, placesOf } from '../../examples/fhe-benchmark/instance.ts';
import { writeHep } from '../../runtime/hep/write.ts';
import { ReferenceModel } from '../../training/onnxruntime.ts';
import { smallPlan } from '../fuzz/targets/small-plan.ts';
import { isNightly } from '../support/setup/suite.ts';

const images = 20;
const example = join(import.meta.dirname, '..', '..', 'examples', 'fhe-benchmark');
const small = instanceOf('1');

let root: string;

function stagesIn(folder: string) {
  return { root: folder, plans: join(root, 'plans'), network: 'squares' };
}

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'hepc-fhe-benchmark-'));
  mkdirSync(join(root, 'plans'));
  // That of one image takes any number of them, one by one, and is found faster. What is refused is so with any plan.
  const other = smallPlan();
  const { hep, clientPart } = isNightly
    ? compileFor('squares', { samples: 1 })
    : { hep: writeHep(other), clientPart: writeClientPart(other.client) };
  writeFileSync(join(root, 'plans', 'squares-small.hep'), hep);
  writeFileSync(join(root, 'plans', 'squares-small-client.hep'), clientPart);
}, 120_000);
afterAll(() => {
  rmSync(root, { recursive: true });
});

// Each stage is a process; what the library and the command line compute is tested in both suites.
if (isNightly)
  test('20 images get the labels that they have in the clear', async () => {
    const { images: pixels } = readMnist('t10k', images);
    writePixels(small, pixels, root);
    runStages(small, stagesIn(root));
    const model = await ReferenceModel.load(readFileSync(join(example, 'networks', 'squares.onnx')));
    const expected: number[] = [];
    for (let k = 0; k < images; k++) {
      const image = Float64Array.from(pixels.subarray(pixelsPerImage * k, pixelsPerImage * (k + 1)));
      const scores = [...((await model.run(new Map([['pixels', image]]))).get('scores') ?? [])];
      expected.push(scores.indexOf(Math.max(...scores)));
    }
    await model.close();
    expect(readLabels(small, root)).toEqual(expected);
    expect(statSync(placesOf(small, root).secretKey).mode & 0o777).toBe(0o600);
  }, 120_000);

describe('what is wrong with the files ends a stage', () => {
  const refused = (pixels: string): string => {
    const folder = mkdtempSync(join(root, 'refused-'));
    writePixels(small, [], folder);
    writeFileSync(placesOf(small, folder).pixels, pixels);
    try {
      runStage('client_preprocess_input', small, stagesIn(folder));
      return '';
    } catch (error) {
      return String(error);
    }
  };
  const line = (values: readonly (number | string)[]): string => values.join(' ');
  const zeros = new Array<number>(pixelsPerImage).fill(0);

  test('a line with a pixel too few, one beyond [0, 1], and one that is no number', () => {
    expect(refused(line(zeros.slice(1)))).toContain('line 1: expected 784 numbers in [0, 1], got 783 of them');
    expect(refused(`${line(zeros)}\n${line([...zeros.slice(1), 1.5])}`)).toContain('line 2: expected 784 numbers');
    expect(refused(line([...zeros.slice(1), 'dark']))).toContain('got NaN');
  });

  test('missing files, an unknown stage and an unknown size', () => {
    const folder = mkdtempSync(join(root, 'empty-'));
    for (const stage of stageNames.filter((name) => name.startsWith('client_') && name !== 'client_key_generation'))
      expect(() => runStage(stage, small, stagesIn(folder))).toThrow(/no such file/);
    expect(() => runStage('server_preprocess_model', small, { ...stagesIn(folder), plans: folder })).toThrow(
      /build\.ts/,
    );
    const stage = (...args: string[]): string =>
      spawnSync(process.execPath, [...process.execArgv, join(example, 'stages', 'main.ts'), ...args], {
        encoding: 'utf8',
      }).stderr;
    expect(stage('client_dream', '0')).toContain('there is no stage "client_dream"');
    expect(stage('client_postprocess', '4')).toContain('expected the size of the instance, 0 to 3, got "4"');
  });
});

test('the submission is installed in a checkout of the harness, whose programs run the stages', () => {
  const harness = mkdtempSync(join(root, 'harness-'));
  mkdirSync(join(harness, 'harness'));
  execFileSync(join(example, 'install.sh'), [harness]);
  for (const stage of stageNames)
    expect(statSync(join(harness, 'submission', 'build', stage)).mode & 0o100).toBe(0o100);
  expect(readFileSync(join(harness, 'submission', 'README.md'), 'utf8')).toContain('# ');
  writePixels(small, new Float32Array(pixelsPerImage), harness);
  execFileSync(join(harness, 'submission', 'build', 'client_preprocess_input'), ['1'], { cwd: harness });
  expect(statSync(placesOf(small, harness).images).size).toBeGreaterThan(4 * pixelsPerImage);
  expect(() => execFileSync(join(example, 'install.sh'), [root], { stdio: 'pipe' })).toThrow(/usage/);
});
