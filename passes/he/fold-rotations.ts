/** Rotations of rotations become one, and a sum of rotations a rotation of the sum. */
import { z } from 'zod';

import type { HeColumns, HeModule } from '../../ir/he/module.ts';
import { HE } from '../../ir/he/ops.ts';
import { plaintextAt } from '../../ir/he/plaintexts.ts';
import { useCounts } from '../../ir/he/operands.ts';
import { findSums } from '../../ir/he/sums.ts';
import { dropUnused } from './drop-unused.ts';
import { HeRewriter } from '../base/he-rewriter.ts';
import { definePass } from '../base/pass.ts';

export const foldRotations = definePass({
  name: 'fold-rotations',
  level: 'he',
  doc:
    'Composes rotations of rotations, and turns a sum of rotations into a rotation of the sum: summands that are ' +
    'rotated by the same step, and used nowhere else, are added first. A product with a plaintext of a rotated value ' +
    'counts as a rotated summand too, since its rotation can be pushed onto the plaintext: rotate(x) · p = ' +
    'rotate(x · rotate⁻¹(p)).',
  options: z.strictObject({}),
  requires: ['unmanaged'],
  ensures: [],
  statistics: { composed: 'rotations of rotations', merged: 'rotations saved in sums' },
  run: (module) => {
    const statistics = { composed: 0, merged: 0 };
    for (let current = dropUnused(module); ;) {
      const composed = composeRotations(current);
      const pulled = pullThroughSums(composed.module);
      statistics.composed += composed.count;
      statistics.merged += pulled.count;
      // A rotation that came out of a sum may compose with the next, or be pulled through the sum that it is in.
      if (pulled.count === 0) return { module: pulled.module, statistics };
      current = pulled.module;
    }
  },
});

interface Rewritten {
  readonly module: HeModule;
  readonly count: number;
}

function composeRotations(module: HeModule): Rewritten {
  const { op, a, imm } = module.columns;
  const rewriter = new HeRewriter(module);
  const uses = useCounts(module.columns);
  let count = 0;
  for (let id = 0; id < op.length; id++) {
    const inner = a[id] ?? -1;
    if (op[id] !== HE.rotate || op[inner] !== HE.rotate || uses[inner] !== 1) {
      rewriter.keep(id);
      continue;
    }
    count++;
    // The inner rotation may itself be composed: the chain collapses to one rotation of its first value.
    let step = imm[id] ?? 0;
    let source = id;
    while (op[a[source] ?? -1] === HE.rotate && (source === id || uses[source] === 1)) {
      const next = a[source] ?? -1;
      if (uses[next] !== 1) break;
      step = (step + (imm[next] ?? 0)) % module.slots;
      source = next;
    }
    const x = rewriter.at(a[source] ?? -1);
    rewriter.replace(id, step === 0 ? x : rewriter.insert(id, 'rotate', { a: x, imm: step }));
  }
  return { module: dropUnused(rewriter.finish()), count };
}

/** A summand of a sum: what it adds, and the rotation that could be taken out of it. */
interface Summand {
  readonly id: number;
  readonly step: number;
}

function pullThroughSums(module: HeModule): Rewritten {
  const { op, a, b } = module.columns;
  const uses = useCounts(module.columns);
  const { terms: sums, inner } = findSums(module.columns);
  const rewriter = new HeRewriter(module);
  let count = 0;
  for (let id = 0; id < op.length; id++) {
    if (inner[id] === 1) continue;
    const summands = sums.get(id)?.map((term) => summandOf(module.columns, term, uses));
    if (summands === undefined) {
      rewriter.keep(id);
      continue;
    }
    const groups = Map.groupBy(summands, ({ step }) => step);
    const merging = [...groups].filter(([step, group]) => step !== 0 && group.length > 1);
    const terms: number[] = [];
    for (const [step, group] of merging) {
      count += group.length - 1;
      const turned = group.map((summand) => {
        if (op[summand.id] === HE.rotate) return rewriter.at(a[summand.id] ?? -1);
        const plaintext = plaintextAt(module.plaintexts, b[summand.id] ?? -1);
        const shift = (plaintext.shift + module.slots - step) % module.slots;
        const source = rewriter.at(a[a[summand.id] ?? -1] ?? -1);
        return rewriter.insert(summand.id, 'multiply-plain', {
          a: source,
          b: rewriter.plaintext({ ...plaintext, shift }),
        });
      });
      const sum = turned.reduce((x, y) => rewriter.insert(id, 'add', { a: x, b: y }));
      terms.push(rewriter.insert(id, 'rotate', { a: sum, imm: step }));
    }
    if (merging.length === 0) {
      keepSum(rewriter, module, id, inner);
      continue;
    }
    for (const [step, group] of groups) {
      if (step === 0 || group.length === 1) terms.push(...group.map((summand) => rewriter.at(summand.id)));
    }
    rewriter.replace(
      id,
      terms.reduce((x, y) => rewriter.insert(id, 'add', { a: x, b: y })),
    );
  }
  return { module: dropUnused(rewriter.finish()), count };
}

/** What a term adds to a sum: only what nothing else reads can be moved. */
function summandOf({ op, a, imm }: HeColumns, term: number, uses: Int32Array): Summand {
  const rotation = op[term] === HE['multiply-plain'] ? (a[term] ?? -1) : term;
  const movable = op[rotation] === HE.rotate && uses[term] === 1 && uses[rotation] === 1;
  return { id: term, step: movable ? (imm[rotation] ?? 0) : 0 };
}

/** Keeps a sum and the sums within it as they are. */
function keepSum(rewriter: HeRewriter, { columns }: HeModule, root: number, inner: Uint8Array): void {
  const { a, b } = columns;
  const within: number[] = [];
  const stack = [root];
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
    within.push(id);
    for (const x of [a[id] ?? -1, b[id] ?? -1]) if (inner[x] === 1) stack.push(x);
  }
  for (const id of within.sort((x, y) => x - y)) rewriter.keep(id);
}
