/** Writes managed programs one after another into one. */
import type { Constant } from '../../../ir/constant.ts';
import type { HeBuilder, HeFields, HeModule } from '../../../ir/he/module.ts';
import { heOp, opCount } from '../../../ir/he/module.ts';
import { plaintextAt, type PlaintextBuilder } from '../../../ir/he/plaintexts.ts';
import { isInput, isOutput, usesPlaintextB, usesValueA, usesValueB } from '../../../ir/he/traits.ts';
import { topLevel } from '../../../ir/parameters.ts';
import type { Parameters } from '../../../ir/parameters.ts';
import type { ManagedBootstrap } from './managed-circuits.ts';

/** What programs are written into. */
export interface Target {
  readonly builder: HeBuilder;
  readonly plaintexts: PlaintextBuilder;
  readonly packed: Constant[];
  /** Where in `packed` the constants of bootstraps begin, or will: all bootstraps have the same ones. */
  readonly source: number;
}

/** Writes a managed bootstrap of value `x`, of the level and scale that it takes; the value of its result. */
export function inlineBootstrap(
  target: Target,
  parameters: Parameters,
  { before, factor, after, angle, scale }: ManagedBootstrap,
  x: number,
): number {
  const { builder } = target;
  const { packed, source } = target;
  if (packed.length === source) packed.push(...before.packed, ...after.packed);
  const coefficients = inline(target, before, source, x);
  const { level: bottom, scale: scaleBefore } = heOp(before, opCount(before) - 1);
  const at = { level: bottom, scale: scaleBefore };
  const sparse = builder.add('to-sparse', { a: coefficients, ...at });
  const raised = builder.add('mod-raise', { a: sparse, ...at, level: topLevel(parameters) });
  const atTop = { level: topLevel(parameters), scale: scaleBefore * factor };
  const dense = builder.add('to-dense', { a: raised, ...atTop, plainScale: factor });
  const sine = inline(target, after, source + before.packed.length, dense);
  return builder.add('set-scale', { a: sine, level: heOp(after, opCount(after) - 1).level, scale, plainScale: angle });
}

/**
 * All of a program of one input and one output but these two; the value that its output reads.
 * @param source of its packed constants
 */
function inline({ builder, plaintexts }: Target, module: HeModule, source: number, input: number): number {
  const values: number[] = [];
  const { columns } = module;
  for (let id = 0; id < opCount(module); id++) {
    const { op, a, b, imm, level, scale, size, plainScale } = heOp(module, id);
    const code = columns.op[id] ?? 0;
    if (isInput(code)) {
      values.push(input);
      continue;
    }
    if (isOutput(code)) return values[a] ?? -1;
    const operands: HeFields = {
      ...(usesValueA(code) && { a: values[a] ?? -1 }),
      ...(usesValueB(code) && { b: values[b] ?? -1 }),
      ...(usesPlaintextB(code) && { b: plaintexts.add(moved(plaintextAt(module.plaintexts, b), source)) }),
    };
    values.push(builder.add(op, { imm, level, scale, size, plainScale, ...operands }));
  }
  return -1;
}

function moved<P extends { readonly source: number }>(plaintext: P, by: number): P {
  return { ...plaintext, source: plaintext.source + by };
}
