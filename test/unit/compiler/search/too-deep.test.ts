/** Networks that are too deep for any chain are refused before anything is searched, the fact first. */
import { expect, test } from 'vitest';
import { compileGraph } from '../../../../compiler/compile.ts';
import { networkDepth } from '../../../../compiler/layouts/network-depth.ts';
import { tooDeep, tooDeepForAll } from '../../../../compiler/search/too-deep.ts';
import { defaultProfile } from '../../../../costs/profiles.ts';
import { Constant } from '../../../../ir/constant.ts';
import { formatDiagnostic, HepcError } from '../../../../ir/diagnostics/diagnostic.ts';
import { TensorBuilder, type TensorModule } from '../../../../ir/tensor/ops.ts';
import { dense, denseChain, graphOf, samplesOf } from '../../../support/tiny-networks.ts';

const { capabilities } = defaultProfile;
const settings = { maxError: 0.01, capabilities };

function squares(layers: number): TensorModule {
  return denseChain(Array.from({ length: layers + 2 }, () => 4));
}

/** Layers with a polynomial of each of the degrees after it. */
function polynomials(degrees: readonly number[]): TensorModule {
  const builder = new TensorBuilder();
  let x = dense(builder, builder.add('input', [], { name: 'x', shape: [4] }, []), 4);
  for (const [k, degree] of degrees.entries()) {
    const coefficients = new Constant(
      [1, degree + 1],
      Float64Array.from({ length: degree + 1 }, (_, i) => 1 / (i + 2)),
    );
    const set = new Constant([1], Int32Array.of(0));
    const attrs = { coefficients, set, basis: 'power' as const, center: 0, halfWidth: 1 };
    const origins = [{ name: `act${k}`, opType: 'Relu', output: `a${k}` }];
    x = dense(builder, builder.add('polynomial', [x], attrs, origins), 4);
  }
  builder.add('output', [x], { name: 'y' }, []);
  return builder.build('polynomials');
}

test('nothing is searched, and the first line has the levels that are needed, those there are, and what takes them', () => {
  const module = squares(80);
  const steps: string[] = [];
  const attempt = () =>
    compileGraph(graphOf(module), {
      samples: samplesOf(module, 16),
      // Without bootstraps.
      engine: 'seal-wasm',
      onStep: (step) => steps.push(step),
    });
  expect(attempt).toThrow(HepcError);
  expect(steps.filter((step) => step.includes('N ='))).toEqual([]);
  expect(attempt).toThrow(
    /^error\[H332\]: the model needs 81 levels, the longest chain \(N = 32768\) has 32: 81 for linear layers\n {2}help: /,
  );
  expect(attempt).toThrow(/help: the deepest path is "dense0" \(Gemm\), [^]* 155 more, [^]*"dense\d+" \(Gemm\)$/);
});

test('polynomials are named, those that take the most levels first', () => {
  const refused = tooDeepForAll(polynomials([7, 31, 7, 15, 63, 15, ...Array<number>(18).fill(7)]), settings);
  const [head, ...help] = refused === undefined ? [] : formatDiagnostic(refused).split('\n');
  expect(head).toMatch(
    /the model needs \d+ levels, .* has 62: \d+ for polynomials \(6 for "act4" \(Relu\), 5 for "act1" \(Relu\), 4 for "act3" \(Relu\)\), 25 for linear layers$/,
  );
  expect(help[0]).toMatch(/"act4" \(Relu\) is a polynomial of degree 63, which takes 6 levels/);
});

test('what the longest chain just carries is not refused', () => {
  const layersNear = Array.from({ length: 10 }, (_, k) => 58 + k);
  const deepest = layersNear.filter((layers) => tooDeepForAll(squares(layers), settings) === undefined);
  expect(deepest).toEqual(layersNear.slice(0, deepest.length));
  expect(deepest.length).toBeLessThan(layersNear.length);
  expect(Math.max(...deepest.map((layers) => networkDepth(squares(layers)).depth))).toBe(62);
  const small = { ...capabilities, largestDegree: 8192 as const };
  expect(tooDeepForAll(squares(20), { maxError: 0.01, capabilities: small })?.message).toMatch(/N = 8192\) has \d:/);
});

test('where accuracy is what fails, the error comes first', () => {
  const module = squares(5);
  const { message, at } = tooDeep(module, networkDepth(module), {
    ...settings,
    best: { error: 0.123, noise: 0.01, changed: 0 },
  });
  expect(message).toBe('no chain of 6 levels keeps an error of 1%, the best reaches 12% or more: 6 for linear layers');
  expect(at).toEqual({});
});

test('where values outgrow all bounds under noise, it says so', () => {
  const module = squares(5);
  const best = { error: Infinity, noise: Infinity, changed: 0 };
  const { message } = tooDeep(module, networkDepth(module), { ...settings, best });
  expect(message).toMatch(/^no chain of 6 levels keeps an error of 1%, values outgrow all bounds under noise: 6 for/);
});

test('levels beyond those of the network go to moving values', () => {
  const module = squares(5);
  const { path } = networkDepth(module);
  const { message } = tooDeep(module, { depth: 8, path }, { ...settings, best: undefined });
  expect(message).toMatch(/6 for linear layers, 2 for moving values$/);
});
