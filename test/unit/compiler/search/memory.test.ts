/** Plans fit the memory of their engine where any does; a refusal names what takes it. */
import { describe, expect, test } from 'vitest';
import { compileGraph } from '../../../../compiler/compile.ts';
import { type Compilation, compileWith } from '../../../../compiler/network-plans.ts';
import { configurationsFor } from '../../../../compiler/search/configurations.ts';
import { type CompileOptions, settingsOf } from '../../../../compiler/settings.ts';
import { simplify } from '../../../../compiler/simplify.ts';
import { neededBytes } from '../../../../costs/engine-memory.ts';
import { defaultProfile, type EngineProfile } from '../../../../costs/profiles.ts';
import { type Diagnostic, formatDiagnostic } from '../../../../ir/diagnostics/diagnostic.ts';
import { refusalOf } from '../../../support/codes.ts';
import { denseChain, graphOf, samplesOf } from '../../../support/tiny-networks.ts';

const module = denseChain([120, 60, 24, 10]);
const options: CompileOptions = { samples: samplesOf(module, 16), maxError: 0.01 };
const free = compileGraph(graphOf(module), options);

function needOf({ modules: { plan } }: Compilation, { memory }: EngineProfile): number {
  const { columns, parameters } = plan;
  if (parameters === undefined) throw new Error('a plan has parameters');
  return neededBytes(memory.use({ columns, parameters }));
}

/** For an engine that has the costs of `simd`, and this much memory. */
function compileIn(limit: number): Compilation | Diagnostic {
  const settings = settingsOf(options);
  const profile = { ...settings.profile, memory: { ...settings.profile.memory, limit } };
  const network = simplify(graphOf(module), settings);
  const result = compileWith(network, { ...settings, profile }, configurationsFor(settings.goal, profile));
  if (!('refused' in result)) return result;
  const [diagnostic] = result.refused;
  if (diagnostic === undefined) throw new Error('refused without a reason');
  return diagnostic;
}

function compiled(result: Compilation | Diagnostic): Compilation {
  if ('code' in result) throw new Error(formatDiagnostic(result));
  return result;
}

describe('an engine with less memory', () => {
  const needed = needOf(free, defaultProfile);

  test('gets a plan with fewer keys, which takes longer', () => {
    const limit = Math.floor(0.6 * needed);
    const small = compiled(compileIn(limit));
    expect(needOf(small, defaultProfile)).toBeLessThanOrEqual(limit);
    expect(small.chosen.measures.peakBytes).toBeLessThanOrEqual(limit);
    expect(small.chosen.measures.galoisKeys).toBeLessThan(free.chosen.measures.galoisKeys);
    expect(small.chosen.measures.milliseconds).toBeGreaterThan(free.chosen.measures.milliseconds);
    expect(small.plan.client.rotationSteps).toHaveLength(small.chosen.measures.galoisKeys);
  });

  test('with enough of it gets the plan of one with more', () => {
    expect(compiled(compileIn(2 * needed)).modules.plan).toEqual(free.modules.plan);
  });

  test('with too little is told what takes it: keys, ciphertexts, layers', () => {
    const refused = compileIn(2 ** 20);
    if (!('code' in refused)) throw new Error('a plan in 1 MiB');
    const [head = '', ...help] = formatDiagnostic(refused).split('\n');
    expect(head).toMatch(
      /^error\[H333\]: the plan needs [\d.]+ GiB on the engine simd, more than its 0\.01 GiB: \d+ MiB for \d+ keys of up to \d+ MiB, \d+ MiB for ciphertexts$/,
    );
    expect(help[0]).toMatch(/^ {2}help: "(dense|square)\d+" \((Gemm|Mul)\) takes \d+ MiB: \d+ MiB for /);
    expect(help.at(-1)).toContain('smaller batch');
  });
});

test('a limit of memory that nothing keeps names keys, plaintexts, ciphertexts and layers', () => {
  const text = refusalOf(() => compileGraph(graphOf(module), { ...options, limits: { memoryBytes: 2 ** 20 } }));
  expect(text).toMatch(
    /H340[^]*where --max-memory allows 1MiB \(\d+ times as much\): \d+ MiB for \d+ keys?.*, \d+ MiB for plaintexts, \d+ MiB for ciphertexts\n/,
  );
  expect(text).toMatch(/help: "dense\d+" \(Gemm\) takes \d+ MiB: .*\d+ MiB for its plaintexts/);
});
