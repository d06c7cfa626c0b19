/** Small programs for the tests of the `he` and `plan` levels. */
import { Constant } from '../../../../ir/constant.ts';
import { HeBuilder, type HeColumns, type HeModule } from '../../../../ir/he/module.ts';
import { type Plaintext, PlaintextBuilder } from '../../../../ir/he/plaintexts.ts';
import { lastUses } from '../../../../ir/he/last-uses.ts';
import { usesValueA, usesValueB } from '../../../../ir/he/traits.ts';
import { HE } from '../../../../ir/he/ops.ts';
import type { Parameters } from '../../../../ir/parameters.ts';
import { FREES_A, FREES_B, type ScheduleColumns, type PlanModule } from '../../../../ir/plan/plan.ts';

export const parameters: Parameters = {
  polyModulusDegree: 8192,
  primes: [17179672577, 1073299457, 1073430529, 1073479681],
  specialPrimes: [17179754497],
};

export const slots = 4096;
export const scale = 2 ** 30;

/** Packed constants of one row each; the last plaintext is a row of zeros. */
function pool(): Pick<HeModule, 'packed' | 'plaintexts'> {
  const packed = [
    new Constant([2, 4], Float64Array.of(0.5, -0.25, 1, 0.125, 1, 1, 1, 1)),
    new Constant([1, 4], new Float64Array(4)),
  ];
  const builder = new PlaintextBuilder();
  const rows: Plaintext[] = [
    { source: 0, tile: 0, shift: 0, inner: 1 },
    { source: 0, tile: 1, shift: 3, inner: 8 },
    { source: 1, tile: 0, shift: 0, inner: 1 },
  ];
  for (const row of rows) builder.add(row);
  return { packed, plaintexts: builder.build() };
}

/**
 * A managed program that uses every op but refresh: two inputs and a weight, a product with a plaintext, a sum, a rotation, a
 * product, a conjugate, and two outputs.
 */
export function managedProgram(): HeModule & { readonly parameters: Parameters } {
  const b = new HeBuilder();
  const [q3 = 1, q2 = 1] = [parameters.primes[3], parameters.primes[2]];
  const x = b.add('input', { imm: 0, level: 3, scale });
  const y = b.add('input', { imm: 1, level: 2, scale });
  const w = b.add('weight', { a: 1, level: 2, scale });
  const p = b.add('multiply-plain', { a: x, b: 0, level: 3, scale: scale * q3, plainScale: q3 });
  const px = b.add('rescale', { a: p, level: 2, scale });
  const r = b.add('rotate', { a: px, imm: 5, level: 2, scale });
  const s = b.add('add', { a: r, b: y, level: 2, scale });
  const c = b.add('add-plain', { a: s, b: 1, level: 2, scale, plainScale: scale });
  const m = b.add('multiply', { a: c, b: w, level: 2, scale: scale * scale, size: 3 });
  const n = b.add('multiply', { a: c, b: c, level: 2, scale: scale * scale, size: 3 });
  const mn = b.add('add', { a: m, b: n, level: 2, scale: scale * scale, size: 3 });
  const l = b.add('relinearize', { a: mn, level: 2, scale: scale * scale });
  const z = b.add('rescale', { a: l, level: 1, scale: (scale * scale) / q2 });
  const t = b.add('mod-switch', { a: z, level: 0, scale: (scale * scale) / q2 });
  const u = b.add('conjugate', { a: t, level: 0, scale: (scale * scale) / q2 });
  b.add('output', { a: u, imm: 0, level: 0, scale: (scale * scale) / q2 });
  b.add('output', { a: z, imm: 1, level: 1, scale: (scale * scale) / q2 });
  const { packed, plaintexts } = pool();
  return { level: 'he', name: 'test', slots, parameters, columns: b.build(), plaintexts, packed, origins: [[]] };
}

/** One buffer for each value alive, frees at last uses, one group. */
export function schedule(module: { readonly columns: HeColumns }): ScheduleColumns {
  const { op, a, b } = module.columns;
  const last = lastUses(module);
  const buffer = new Int32Array(op.length);
  const frees = new Uint8Array(op.length);
  const free: number[] = [];
  let buffers = 0;
  for (let id = 0; id < op.length; id++) {
    const code = op[id] ?? 0;
    buffer[id] = free.pop() ?? buffers++;
    const operandA = usesValueA(code) ? (a[id] ?? 0) : -1;
    const operandB = usesValueB(code) && b[id] !== operandA ? (b[id] ?? 0) : -1;
    for (const [operand, flag] of [
      [operandA, FREES_A],
      [operandB, FREES_B],
    ] as const) {
      if (operand === -1 || last[operand] !== id) continue;
      frees[id] = (frees[id] ?? 0) | flag;
      free.push(buffer[operand] ?? 0);
    }
  }
  return { buffer, frees, group: new Int32Array(op.length) };
}

export function planModule(module: HeModule = managedProgram()): PlanModule {
  return { ...module, level: 'plan', schedule: schedule(module) };
}

/** The id of the first op of this name. */
export function firstOf(module: { readonly columns: HeColumns }, name: keyof typeof HE): number {
  return module.columns.op.indexOf(HE[name]);
}

/** The module without its parameters. */
export function withoutParameters<M extends HeModule | PlanModule>(module: M): Omit<M, 'parameters'> {
  return Object.fromEntries(Object.entries(module).filter(([key]) => key !== 'parameters')) as Omit<M, 'parameters'>;
}
