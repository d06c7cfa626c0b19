/** Bootstraps become the operations that they are made of. */
import { z } from 'zod';

import type { BootstrapEffect } from '../../../ir/ckks/bootstrapping.ts';
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { HeBuilder, type HeModule, heOp, opCount } from '../../../ir/he/module.ts';
import { operandsOf } from '../../../ir/he/operands.ts';
import { PlaintextBuilder } from '../../../ir/he/plaintexts.ts';
import { isBootstrap, usesValueA, usesValueB } from '../../../ir/he/traits.ts';
import type { Parameters } from '../../../ir/parameters.ts';
import { definePass } from '../../base/pass.ts';
import { bootstrapPairs } from './bootstrap-pairs.ts';
import { inlineBootstrap, type Target } from './inline-bootstrap.ts';
import { managedBootstrap } from './managed-circuits.ts';

export const expandBootstraps = definePass({
  name: 'expand-bootstraps',
  level: 'he',
  doc:
    'Writes every bootstrap down as sums of products with the matrices of StC, the way to the sparse secret, to all primes and ' +
    'back, sums of products with the matrices of CtS, a conjugation, a polynomial of the cosine and double angles. Two real values, ' +
    'neither of which is computed of the other, are bootstrapped as one complex one. Results are ' +
    'brought down to the level that the program wants by mod-switches. What a bootstrap makes of a value, a sine and noise, is ' +
    'what the ops that stand for it make of it. Changes nothing in a module without bootstraps.',
  options: z.strictObject({}),
  requires: ['managed'],
  ensures: ['managed'],
  statistics: { bootstraps: 'bootstraps of one run' },
  run: (module) => {
    const bootstraps = module.columns.op.reduce((count, code) => count + Number(isBootstrap(code)), 0);
    return { module: bootstraps === 0 ? module : withoutBootstraps(module), statistics: { bootstraps } };
  },
});

/** A managed program in which every bootstrap is expanded; the module itself where there is none. */
export function withoutBootstraps(module: HeModule): HeModule {
  return module.columns.op.some(isBootstrap) ? new Expansion(module).run() : module;
}

/** Writes a program anew, row by row but for what the second bootstrap of a pair reads, which comes before the first one. */
class Expansion {
  private readonly module: HeModule;
  private readonly parameters: Parameters;
  private readonly effect: BootstrapEffect;
  private readonly target: Target;
  /** By row that is one of two: the other. */
  private readonly partners: ReadonlyMap<number, number>;
  /** By row: its value in the new program, −1 before it is written. */
  private readonly values: Int32Array;

  constructor(module: HeModule) {
    const { parameters, bootstrapping } = module;
    if (parameters === undefined || bootstrapping === undefined)
      throw new InternalError('bootstraps are expanded once there are levels');
    this.module = module;
    this.parameters = parameters;
    this.effect = bootstrapping;
    this.target = {
      builder: new HeBuilder(opCount(module) + 1024),
      plaintexts: new PlaintextBuilder(module.plaintexts),
      packed: [...module.packed],
      sources: new Map(),
    };
    this.partners = bootstrapPairs(module);
    this.values = new Int32Array(opCount(module)).fill(-1);
  }

  run(): HeModule {
    const { module, target } = this;
    for (let id = 0; id < opCount(module); id++) this.write(id);
    const { builder, plaintexts, packed } = target;
    return {
      ...module,
      bootstrapping: undefined,
      columns: builder.build(),
      plaintexts: plaintexts.build(),
      packed,
    };
  }

  private write(id: number): void {
    if (this.values[id] !== -1) return;
    const { columns } = this.module;
    const code = columns.op[id] ?? 0;
    if (!isBootstrap(code)) {
      const [a = -1, b = -1] = [columns.a[id], columns.b[id]].map((operand) => this.values[operand ?? -1] ?? -1);
      this.values[id] = this.target.builder.copy(columns, id, usesValueA(code) ? a : -1, usesValueB(code) ? b : -1);
      return;
    }
    const partner = this.partners.get(id);
    if (partner === undefined) {
      this.writeBootstraps([id]);
      return;
    }
    this.writeOperandOf(partner, id);
    this.writeBootstraps([id, partner]);
  }

  /** All that the operand of a row is computed of after row `first`. */
  private writeOperandOf(row: number, first: number): void {
    const { columns } = this.module;
    const isNeeded = new Uint8Array(row);
    isNeeded[columns.a[row] ?? -1] = 1;
    for (let id = row - 1; id > first; id--)
      if (isNeeded[id] === 1) for (const operand of operandsOf(columns, id)) isNeeded[operand] = 1;
    for (let id = first + 1; id < row; id++) if (isNeeded[id] === 1) this.write(id);
  }

  private writeBootstraps(ids: readonly number[]): void {
    const { module, target, parameters, effect } = this;
    const { columns } = module;
    const { builder } = target;
    builder.origin = columns.origin[ids[0] ?? -1] ?? 0;
    const bootstrap = managedBootstrap(parameters, effect.circuit, ids.length === 2 ? 2 : 1);
    const operands = ids.map((id) => this.values[columns.a[id] ?? -1] ?? -1);
    const results = inlineBootstrap(target, parameters, bootstrap, operands);
    for (const [k, id] of ids.entries()) {
      let value = results[k] ?? -1;
      builder.origin = columns.origin[id] ?? 0;
      const { level: wanted, scale } = heOp(module, id);
      for (let level = effect.outputLevel - 1; level >= wanted; level--)
        value = builder.add('mod-switch', { a: value, level, scale });
      this.values[id] = value;
    }
  }
}
