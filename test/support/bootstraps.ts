/** Bootstraps on small rings, whose chains are not secure: for tests alone. */
import type { BootstrappedChain } from '../../compiler/parameters/bootstrapped-chains.ts';
import { nttPrimes } from '../../compiler/parameters/primes.ts';
import { type BootstrapEffect, type Bootstrapping, bootstrapOutputLevel } from '../../ir/ckks/bootstrapping.ts';
import { Constant } from '../../ir/constant.ts';
import { HeBuilder, type HeModule } from '../../ir/he/module.ts';
import { PlaintextBuilder } from '../../ir/he/plaintexts.ts';
import type { Parameters, PolyModulusDegree } from '../../ir/parameters.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import { withoutBootstraps } from '../../passes/he/bootstrapping/expand-bootstraps.ts';
import { inlineBootstrap } from '../../passes/he/bootstrapping/inline-bootstrap.ts';
import { effectOf, managedBootstrap, type ManagedBootstrap } from '../../passes/he/bootstrapping/managed-circuits.ts';
import { planOf } from '../unit/runtime/engines/seal-wasm/programs.ts';

/** S1 of the compiler. */
const precise: Bootstrapping = {
  toCoefficients: 2,
  residual: 4,
  evaluation: 8,
  toSlots: 3,
  ratioBits: 10,
  mostWraps: 14,
  degree: 30,
  doubleAngles: 3,
  scaleBits: 30,
};

/** What the bootstraps of a chain of `preciseParameters` do. */
export function preciseEffect(parameters: Parameters): BootstrapEffect {
  return effectOf(parameters, precise);
}

/** The chain of `precise` for any ring, from the bottom: q₀, StC, residual, EvalMod, CtS; three special primes. */
export function preciseParameters(degree: PolyModulusDegree): Parameters {
  const bits = [40, 24, 24, ...Array<number>(4).fill(30), ...Array<number>(8).fill(48), 44, 44, 44, 48, 48, 48];
  const primes = nttPrimes(bits, degree) ?? [];
  return { polyModulusDegree: degree, primes: primes.slice(0, -3), specialPrimes: primes.slice(-3) };
}

/** A program of one bootstrap, of inputs of the level and scale that it takes: one, or two as the parts of complex slots. */
export function bootstrapProgram(
  parameters: Parameters,
  values: 1 | 2 = 1,
): {
  readonly program: HeModule & { readonly parameters: Parameters };
  readonly bootstrap: ManagedBootstrap;
} {
  const bootstrap = managedBootstrap(parameters, precise, values);
  const builder = new HeBuilder();
  const plaintexts = new PlaintextBuilder();
  const packed: Constant[] = [];
  const inputs = Array.from({ length: values }, (_, imm) =>
    builder.add('input', { imm, level: precise.toCoefficients, scale: 2 ** precise.scaleBits }),
  );
  const results = inlineBootstrap({ builder, plaintexts, packed, sources: new Map() }, parameters, bootstrap, inputs);
  for (const [imm, a] of results.entries())
    builder.add('output', { a, imm, level: bootstrapOutputLevel(precise), scale: bootstrap.scale });
  const program = {
    level: 'he' as const,
    name: 'bootstrap',
    slots: parameters.polyModulusDegree / 2,
    parameters,
    columns: builder.build(),
    plaintexts: plaintexts.build(),
    packed,
    origins: [[]],
  };
  return { program, bootstrap };
}

/**
 * A plan of bootstraps one after another, each of what the one before gives, for a chain of the compiler.
 * @param values of which each has such a row: two are bootstrapped together
 */
export function bootstrapPlan({ parameters, effect }: BootstrappedChain, count = 1, values: 1 | 2 = 1): Plan {
  const builder = new HeBuilder();
  const { level, scale, outputLevel, outputScale } = effect;
  for (let imm = 0; imm < values; imm++) {
    let x = builder.add('input', { imm, level, scale });
    for (let k = 0; k < count; k++) {
      x = builder.add('bootstrap', { a: x, level: outputLevel, scale: outputScale });
      if (k + 1 === count) break;
      x = broughtDown(builder, x, parameters, effect);
    }
    builder.add('output', { a: x, imm, level: outputLevel, scale: outputScale });
  }
  return planOf(expanded('bootstraps', builder, parameters, effect));
}

/** Layers of `bootstrappedNetwork`, by origin, in its order; those that are bootstraps are named so. */
const networkLayers = ['', 'turn', 'bootstrap 0', 'bootstrap 1', 'sum', 'bootstrap 2', 'shortcut'];

/**
 * A program with bootstraps, expanded, whose origins say what is of which: one of two values, one of which was just rotated, one of a third,
 * and one of their sum, to a level below that of its results; the first result is added once more at the end. On a ring that is small
 * and not secure.
 */
export function bootstrappedNetwork(): HeModule & { readonly parameters: Parameters } {
  const parameters = preciseParameters(4096);
  const effect = preciseEffect(parameters);
  const { level, scale, outputLevel, outputScale } = effect;
  const builder = new HeBuilder();
  const of = (layer: string): HeBuilder => {
    builder.origin = networkLayers.indexOf(layer);
    return builder;
  };
  const fresh = { level: outputLevel, scale: outputScale };
  const lower = { level: outputLevel - 1, scale: outputScale };
  const input = (imm: number): number => of('').add('input', { imm, level, scale });
  const [x, y, z] = [input(0), input(1), input(2)];
  const turned = of('turn').add('rotate', { a: x, imm: 3, level, scale });
  const u = of('bootstrap 0').add('bootstrap', { a: turned, ...fresh });
  const v = of('bootstrap 0').add('bootstrap', { a: y, ...fresh });
  const t = of('bootstrap 1').add('bootstrap', { a: z, ...fresh });
  const both = of('sum').add('add', { a: u, b: t, ...fresh });
  const down = broughtDown(builder, builder.add('add', { a: both, b: v, ...fresh }), parameters, effect);
  const w = of('bootstrap 2').add('bootstrap', { a: down, ...lower });
  const shortcut = of('shortcut').add('mod-switch', { a: u, ...lower });
  of('').add('output', { a: of('shortcut').add('add', { a: w, b: shortcut, ...lower }), ...lower });
  const origins = networkLayers.map((name) => (name === '' ? [] : [{ name, opType: 'Test', output: name }]));
  return expanded('network', builder, parameters, effect, origins);
}

/** What was built, with its bootstraps expanded. Its one plaintext is 1. */
function expanded(
  name: string,
  builder: HeBuilder,
  parameters: Parameters,
  bootstrapping: BootstrapEffect,
  origins: HeModule['origins'] = [[]],
): HeModule & { readonly parameters: Parameters } {
  const program: HeModule = {
    level: 'he',
    name,
    slots: parameters.polyModulusDegree / 2,
    parameters,
    columns: builder.build(),
    plaintexts: { source: Int32Array.of(0), tile: Int32Array.of(0), shift: Int32Array.of(0), inner: Int32Array.of(1) },
    packed: [new Constant([1, 1], Float64Array.of(1))],
    origins,
    bootstrapping,
  };
  return { ...withoutBootstraps(program), parameters };
}

/** x of a bootstrap, times one, as the next one takes it. */
function broughtDown(
  builder: HeBuilder,
  x: number,
  parameters: Parameters,
  { level, scale, outputLevel, outputScale }: BootstrapEffect,
): number {
  const prime = parameters.primes[outputLevel] ?? 1;
  const plainScale = (prime * scale) / outputScale;
  const product = { a: x, b: 0, level: outputLevel, scale: outputScale * plainScale, plainScale };
  let value = builder.add('rescale', { a: builder.add('multiply-plain', product), level: outputLevel - 1, scale });
  for (let at = outputLevel - 2; at >= level; at--) value = builder.add('mod-switch', { a: value, level: at, scale });
  return value;
}
