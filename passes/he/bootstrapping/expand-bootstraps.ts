/** Bootstraps become the operations that they are made of. */
import { z } from 'zod';

import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { HeBuilder, type HeModule, heOp, opCount } from '../../../ir/he/module.ts';
import { PlaintextBuilder } from '../../../ir/he/plaintexts.ts';
import { isBootstrap, usesValueA, usesValueB } from '../../../ir/he/traits.ts';
import { definePass } from '../../base/pass.ts';
import { inlineBootstrap } from './inline-bootstrap.ts';
import { managedBootstrap } from './managed-circuits.ts';

export const expandBootstraps = definePass({
  name: 'expand-bootstraps',
  level: 'he',
  doc:
    'Writes every bootstrap down as sums of products with the matrices of StC, the way to the sparse secret, to all primes and ' +
    'back, sums of products with the matrices of CtS, a conjugation, a polynomial of the cosine and double angles. Results are ' +
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
  const { parameters, bootstrapping: effect, columns } = module;
  if (!columns.op.some(isBootstrap)) return module;
  if (parameters === undefined || effect === undefined)
    throw new InternalError('bootstraps are expanded once there are levels');
  const bootstrap = managedBootstrap(parameters, effect.circuit);
  const builder = new HeBuilder(opCount(module) + 1024);
  const plaintexts = new PlaintextBuilder(module.plaintexts);
  const packed = [...module.packed];
  // Plaintexts of all bootstraps are those of the first.
  const source = packed.length;
  const target = { builder, plaintexts, packed, source };
  const values = new Int32Array(opCount(module));
  for (let id = 0; id < opCount(module); id++) {
    const code = columns.op[id] ?? 0;
    builder.origin = columns.origin[id] ?? 0;
    const a = values[columns.a[id] ?? -1] ?? -1;
    const b = values[columns.b[id] ?? -1] ?? -1;
    if (!isBootstrap(code)) {
      values[id] = builder.copy(columns, id, usesValueA(code) ? a : -1, usesValueB(code) ? b : -1);
      continue;
    }
    let value = inlineBootstrap(target, parameters, bootstrap, a);
    const { level: wanted, scale } = heOp(module, id);
    for (let level = effect.outputLevel - 1; level >= wanted; level--)
      value = builder.add('mod-switch', { a: value, level, scale });
    values[id] = value;
  }
  return {
    ...module,
    bootstrapping: undefined,
    columns: builder.build(),
    plaintexts: plaintexts.build(),
    packed,
  };
}
