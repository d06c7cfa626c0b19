/** A plaintext that several summands are multiplied by is taken out of the sum. */
import { z } from 'zod';

import type { HeModule } from '../../ir/he/module.ts';
import { HE } from '../../ir/he/ops.ts';
import { findSums } from '../../ir/he/sums.ts';
import { useCounts } from '../../ir/he/operands.ts';
import { dropUnused } from './drop-unused.ts';
import { HeRewriter } from '../base/he-rewriter.ts';
import { definePass } from '../base/pass.ts';

export const factorPlaintexts = definePass({
  name: 'factor-plaintexts',
  level: 'he',
  doc:
    'Takes a plaintext that several summands are multiplied by out of the sum: x · p + y · p = (x + y) · p, for products ' +
    'that nothing else reads and operands that are ciphertexts of one value, which have one scale. An average pool ' +
    'over interleaved tiles so becomes sums and a single product.',
  options: z.strictObject({}),
  requires: ['unmanaged'],
  ensures: [],
  statistics: { saved: 'products saved' },
  run: (module) => {
    const { op, a, b } = module.columns;
    const uses = useCounts(module.columns);
    const { terms, inner } = findSums(module.columns);
    const valueOf = valueNames(module);
    const rewriter = new HeRewriter(module);
    let saved = 0;
    for (let id = 0; id < op.length; id++) {
      if (inner[id] === 1) continue;
      // What is no such product is a group of its own, each time that it is added.
      const groups = Map.groupBy(terms.get(id) ?? [], (term) =>
        op[term] === HE['multiply-plain'] && uses[term] === 1 ? `${b[term] ?? -1} ${valueOf(term)}` : Symbol(),
      );
      if (groups.size === 0) {
        rewriter.keep(id);
        continue;
      }
      const sum = (values: readonly number[]): number =>
        values.reduce((x, y) => rewriter.insert(id, 'add', { a: x, b: y }));
      const summands = [...groups.values()].flatMap((group) => {
        const [first = -1] = group;
        if (group.length === 1) return rewriter.at(first);
        saved += group.length - 1;
        const operand = sum(group.map((term) => rewriter.at(a[term] ?? -1)));
        return rewriter.insert(first, 'multiply-plain', { a: operand, b: b[first] ?? -1 });
      });
      rewriter.replace(id, sum(summands));
    }
    return { module: dropUnused(rewriter.finish()), statistics: { saved } };
  },
});

/** Names what a product multiplies: the step of its rotation, and the origin of what is rotated. */
function valueNames({ columns: { op, a, imm, origin } }: HeModule): (product: number) => string {
  return (product) => {
    const operand = a[product] ?? -1;
    const isRotation = op[operand] === HE.rotate;
    const source = isRotation ? (a[operand] ?? -1) : operand;
    return `${isRotation ? (imm[operand] ?? 0) : 0} ${origin[source] ?? -1}`;
  };
}
