/**
 * The recipes of `docs/guide/models.md`, run at night by Python where it has their libraries: HEPC_PYTHON, or `python3`.
 * What they export compiles with no option but calibration, and answers encrypted as it does in the clear.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { codeBlocks, pages } from '../support/guide.ts';
import { isNightly } from '../support/setup/suite.ts';

const python = process.env['HEPC_PYTHON'] ?? 'python3';
const trainingFile = join(import.meta.dirname, '..', '..', 'examples', 'models', 'mnist-test256.npz');

const recipes = pages
  .filter(({ file }) => file === 'docs/guide/models.md')
  .flatMap(codeBlocks)
  .filter(({ language }) => language === 'python');

/** Modules that PyTorch loads when it exports. */
const exporters = ['onnx', 'onnxscript'];

/** The top modules that a recipe needs. */
function modulesOf(code: string): readonly string[] {
  const named = [...code.matchAll(/^(?:import|from) (\w+)|KERAS_BACKEND'\] = '(\w+)'/gm)];
  const modules = named.map(([, imported, backend]) => imported ?? backend ?? '');
  return modules.includes('torch') ? [...modules, ...exporters] : modules;
}

/** Why Python cannot run it; undefined where it can. */
function hindrance(code: string): string | undefined {
  const find = 'import importlib.util, sys; print(*(n for n in sys.argv[1:] if not importlib.util.find_spec(n)))';
  const { error, status, stdout } = spawnSync(python, ['-c', find, ...modulesOf(code)], { encoding: 'utf8' });
  if (error !== undefined || status !== 0) return `there is no Python that runs as ${python}`;
  const missing = stdout.trim();
  return missing === '' ? undefined : `${python} has no ${missing}`;
}

test('there is a recipe for each library', () => {
  expect(recipes.map(({ heading }) => heading)).toEqual(['PyTorch', 'Keras', 'scikit-learn']);
});

// Kept models of these libraries are in sklearn.test.ts, in both suites.
test.for(isNightly ? recipes : [])(
  '$heading: its model answers encrypted as in the clear',
  async ({ code }, { skip }) => {
    const reason = hindrance(code);
    skip(reason !== undefined, reason);
    const folder = temporaryFolder();
    const inFolder = (name: string): string => join(folder, name);
    const [onnx, calibration, plan] = [inFolder('model.onnx'), inFolder('calibration.npz'), inFolder('model.hep')];
    copyFileSync(trainingFile, inFolder('train.npz'));
    execFileSync(python, ['-c', code], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });

    const compiled = await runCli('compile', onnx, '-o', plan, '--calibrate', calibration, '-q');
    expect(compiled).toMatchObject({ exitCode: 0 });
    const samples = ['--input', calibration, '--limit', '2'];
    const verified = await runCli('verify', plan, '--model', onnx, ...samples, '--json', '-q');
    expect(verified).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(verified.stdout)).toMatchObject({ samples: 2, engine: 'simd', argmaxAgreement: 1 });
  },
);
