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
  /** Where in `packed` the constants of each bootstrap begin: all of one kind have the same ones. */
  readonly sources: Map<ManagedBootstrap, number>;
}

/** Writes a managed bootstrap of `operands`, of the level and scale that it takes; the values of its results. */
export function inlineBootstrap(
  target: Target,
  parameters: Parameters,
  bootstrap: ManagedBootstrap,
  operands: readonly number[],
): readonly number[] {
  const { builder, packed, sources } = target;
  const { before, factor, after, angle, scale } = bootstrap;
  let source = sources.get(bootstrap);
  if (source === undefined) {
    source = packed.length;
    sources.set(bootstrap, source);
    packed.push(...before.packed, ...after.packed);
  }
  const [coefficients = -1] = inline(target, before, source, operands);
  const { level: bottom, scale: scaleBefore } = heOp(before, opCount(before) - 1);
  const at = { level: bottom, scale: scaleBefore };
  const sparse = builder.add('to-sparse', { a: coefficients, ...at });
  const raised = builder.add('mod-raise', { a: sparse, ...at, level: topLevel(parameters) });
  const atTop = { level: topLevel(parameters), scale: scaleBefore * factor };
  const dense = builder.add('to-dense', { a: raised, ...atTop, plainScale: factor });
  const { level } = heOp(after, opCount(after) - 1);
  return inline(target, after, source + before.packed.length, [dense]).map((a) =>
    builder.add('set-scale', { a, level, scale, plainScale: angle }),
  );
}

/**
 * All of a program but its inputs and outputs; the values that its outputs read.
 * @param source of its packed constants
 */
function inline(
  { builder, plaintexts }: Target,
  module: HeModule,
  source: number,
  inputs: readonly number[],
): readonly number[] {
  const values: number[] = [];
  const results: number[] = [];
  const { columns } = module;
  for (let id = 0; id < opCount(module); id++) {
    const { op, a, b, imm, level, scale, size, plainScale } = heOp(module, id);
    const code = columns.op[id] ?? 0;
    if (isInput(code)) {
      values.push(inputs[imm] ?? -1);
      continue;
    }
    if (isOutput(code)) {
      results[imm] = values[a] ?? -1;
      values.push(-1);
      continue;
    }
    const operands: HeFields = {
      ...(usesValueA(code) && { a: values[a] ?? -1 }),
      ...(usesValueB(code) && { b: values[b] ?? -1 }),
      ...(usesPlaintextB(code) && { b: plaintexts.add(moved(plaintextAt(module.plaintexts, b), source)) }),
    };
    values.push(builder.add(op, { imm, level, scale, size, plainScale, ...operands }));
  }
  return results;
}

function moved<P extends { readonly source: number }>(plaintext: P, by: number): P {
  return { ...plaintext, source: plaintext.source + by };
}
