/**
 * Every `he` pass on any `he` program, managed or not, with relinearisations, rescales and mod-switches in any place or
 * none: it gives a sound module that computes the same, or a diagnostic.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HepcError } from '../../../../ir/diagnostics/diagnostic.ts';
import type { HeModule } from '../../../../ir/he/module.ts';
import type { HeOpName } from '../../../../ir/he/ops.ts';
import { isOutput } from '../../../../ir/he/traits.ts';
import { verify } from '../../../../ir/verify.ts';
import { type Fact, facts } from '../../../../passes/base/facts.ts';
import type { Pass } from '../../../../passes/base/pass.ts';
import { HeRewriter } from '../../../../passes/base/he-rewriter.ts';
import { PassManager } from '../../../../passes/manager.ts';
import { passes } from '../../../../passes/registry.ts';
import { arbitraryProgram } from '../../../support/arbitrary-programs.ts';
import { expectSameValues } from '../../../support/same-values.ts';
import { deepParameters } from '../../runtime/engines/seal-wasm/programs.ts';
import { casesOf } from '../../../support/setup/suite.ts';

const hePasses = passes.filter((pass): pass is Pass<'he'> => pass.level === 'he');
const slots = deepParameters.polyModulusDegree / 2;
const withParameters = { parameters: deepParameters };

/** What stands between values by chance: none of it changes a value. */
const fillers = ['relinearize', 'rescale', 'mod-switch', 'conjugate', 'refresh'] as const satisfies readonly HeOpName[];

interface Filler {
  readonly op: (typeof fillers)[number];
  readonly row: number;
}

function sprinkle(module: HeModule, list: readonly Filler[]): HeModule {
  const { op } = module.columns;
  const rewriter = new HeRewriter(module);
  for (let id = 0; id < op.length; id++) {
    rewriter.keep(id);
    for (const { op: name, row } of list)
      if (row % op.length === id && !isOutput(op[id] ?? -1))
        rewriter.replace(id, rewriter.insert(id, name, { a: rewriter.at(id) }));
  }
  return rewriter.finish();
}

const preparations: readonly (readonly string[])[] = [
  [],
  ['dead-ciphertexts'],
  ['relinearize-lazily'],
  ['dead-ciphertexts', 'rescale-lazily', 'relinearize-lazily'],
  ['dead-ciphertexts', 'rescale-lazily', 'relinearize-lazily', 'assign-levels'],
  ['dead-ciphertexts', 'rescale-lazily', 'relinearize-lazily', 'rotate-late', 'assign-levels', 'select-keys'],
];

/** The result of a pass, or undefined where it refuses. Anything else than a diagnostic is thrown. */
function tryPass(pass: Pass<'he'>, module: HeModule): HeModule | undefined {
  try {
    return new PassManager([]).run(pass, module, pass.name === 'assign-levels' ? withParameters : {});
  } catch (error) {
    if (!(error instanceof HepcError)) throw error;
    for (const { message } of error.diagnostics) expect(message).not.toBe('');
    return undefined;
  }
}

function passNamed(name: string): Pass<'he'> {
  const pass = hePasses.find((each) => each.name === name);
  if (pass === undefined) throw new Error(`no pass ${name}`);
  return pass;
}

const anyProgram: fc.Arbitrary<HeModule> = fc
  .record({
    program: arbitraryProgram({ slots, depth: 3, weights: true, actions: 14 }),
    fillers: fc.array(fc.record({ op: fc.constantFrom(...fillers), row: fc.nat(60) }), { maxLength: 4 }),
    prepared: fc.constantFrom(...preparations),
  })
  .map(({ program, fillers: list, prepared }) => {
    let module = sprinkle(program, list);
    for (const name of prepared) module = tryPass(passNamed(name), module) ?? module;
    return module;
  });

test.each(hePasses)('$name takes any program or says why not', { timeout: 120_000 }, (pass) => {
  let taken = 0;
  fc.assert(
    fc.property(anyProgram, fc.nat(), (before, seed) => {
      expect(verify(before)).toEqual([]);
      const after = tryPass(pass, before);
      if (after === undefined) return;
      taken++;
      expectSameValues(after, before, seed);
    }),
    { numRuns: casesOf({ normal: 18, nightly: 60 }) },
  );
  expect(taken).toBeGreaterThan(3);
});

describe('facts', () => {
  test('are of the level of the passes that name them', () => {
    for (const { level, requires, ensures } of passes)
      for (const fact of [...requires, ...ensures]) expect(facts[fact].level).toBe(level);
  });

  test('are required or ensured by some pass', () => {
    const named = new Set<Fact>(passes.flatMap(({ requires, ensures }) => [...requires, ...ensures]));
    expect([...named].sort()).toEqual(Object.keys(facts).sort());
  });
});
