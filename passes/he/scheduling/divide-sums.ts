/**
 * Cuts long sums into pieces that workers can compute at once: a piece is a few products with weights and their sum, and
 * the pieces are added one after another. What is not such a product, such as a rotation, is a piece of its own.
 */
import { type HeModule } from '../../../ir/he/module.ts';
import { isCipherProduct, isPlainProduct, isWeight } from '../../../ir/he/traits.ts';
import { findSums } from '../../../ir/he/sums.ts';
import { useCounts } from '../../../ir/he/operands.ts';
import { HeRewriter } from '../../base/he-rewriter.ts';

/** Products of a piece: few, so that work can be shared out evenly, as adding another piece costs next to nothing. */
const productsPerPiece = 2;

export interface DividedSums {
  readonly module: HeModule;
  /** By value: number of the piece that it is computed in, −1 for none. */
  readonly piece: Int32Array;
}

/** Assumes a managed program; its values stay the same to the last bit. */
export function divideSums(module: HeModule): DividedSums {
  const { columns } = module;
  const { op, a, b, level, scale, size } = columns;
  const uses = useCounts(module.columns);
  const { terms, inner } = findSums(columns);
  const rewriter = new HeRewriter(module);
  const pieceOfNew: number[] = [];
  let pieces = 0;

  const isProduct = (id: number): boolean => {
    const code = op[id] ?? -1;
    const ofWeight = (operand: number): boolean => isWeight(op[operand] ?? -1);
    const withWeight =
      isPlainProduct(code) || (isCipherProduct(code) && (ofWeight(a[id] ?? -1) || ofWeight(b[id] ?? -1)));
    return withWeight && uses[id] === 1;
  };
  const add = (root: number, x: Summand, y: Summand): Summand => {
    const sum = { size: Math.max(x.size, y.size) };
    const fields = { a: x.id, b: y.id, level: level[root] ?? 0, scale: scale[root] ?? 0, ...sum };
    return { id: rewriter.insert(root, 'add', fields), ...sum };
  };
  const summand = (id: number): Summand => ({ id: rewriter.at(id), size: size[id] ?? 0 });

  for (let id = 0; id < op.length; id++) {
    if (inner[id] === 1) continue;
    const summands = terms.get(id);
    if (summands === undefined) {
      rewriter.keep(id);
      continue;
    }
    const products = summands.filter(isProduct);
    const results = cut(products, productsPerPiece).map((piece) => {
      const members = piece.map(summand);
      const sum = members.reduce((x, y) => {
        const partial = add(id, x, y);
        pieceOfNew[partial.id] = pieces;
        return partial;
      });
      for (const member of members) pieceOfNew[member.id] = pieces;
      pieces++;
      return sum;
    });
    const others = summands.filter((term) => !isProduct(term)).map(summand);
    rewriter.replace(id, [...results, ...others].reduce((x, y) => add(id, x, y)).id);
  }
  const divided = rewriter.finish();
  return { module: divided, piece: Int32Array.from(divided.columns.op, (_, id) => pieceOfNew[id] ?? -1) };
}

interface Summand {
  readonly id: number;
  readonly size: number;
}

/** Into parts of about equal length, at most `most` each. */
function cut(list: readonly number[], most: number): number[][] {
  const parts = Math.ceil(list.length / most);
  return Array.from({ length: parts }, (_, i) =>
    list.slice(Math.floor((i * list.length) / parts), Math.floor(((i + 1) * list.length) / parts)),
  );
}
