/**
 * Products with plaintexts for each of their readers. What a plaintext is multiplied with leaves its scale free, but for all
 * readers of the product alike: where sums want it at different scales, each gets a product of its own, which takes no level.
 */
import type { HeModule } from '../../../ir/he/module.ts';
import { operandsOf } from '../../../ir/he/operands.ts';
import { dividesScale, isPlainProduct, nameOf } from '../../../ir/he/traits.ts';
import { HeRewriter } from '../../base/he-rewriter.ts';

/**
 * The program in which all products with plaintexts that these sums depend on have one reader, rescales of products
 * included; undefined where they have.
 */
export function withOwnProducts(module: HeModule, sums: ReadonlySet<number>): HeModule | undefined {
  const { op, a, b } = module.columns;
  const shared = sharedProducts(module, sums);
  if (shared.size === 0) return undefined;
  const rewriter = new HeRewriter(module);
  const isDeferred = (id: number): boolean => shared.has(id) || (dividesScale(op[id] ?? -1) && shared.has(a[id] ?? -1));
  const copied = (id: number): number => {
    const name = nameOf(op[id] ?? -1);
    return dividesScale(op[id] ?? -1)
      ? rewriter.insert(id, name, { a: copied(a[id] ?? -1) })
      : rewriter.insert(id, name, { a: rewriter.at(a[id] ?? -1), b: b[id] ?? -1 });
  };
  for (let id = 0; id < op.length; id++) {
    if (isDeferred(id)) continue;
    for (const operand of new Set(operandsOf(module.columns, id)))
      if (isDeferred(operand)) rewriter.replace(operand, copied(operand));
    rewriter.keep(id);
  }
  return rewriter.finish();
}

/** Products with plaintexts that the sums depend on, and that have several readers, or whose rescales have. */
function sharedProducts(module: HeModule, sums: ReadonlySet<number>): Set<number> {
  const { op, a } = module.columns;
  const readers = new Int32Array(op.length);
  for (let id = 0; id < op.length; id++)
    for (const operand of new Set(operandsOf(module.columns, id))) readers[operand] = (readers[operand] ?? 0) + 1;
  const throughRescales = new Int32Array(op.length);
  for (let id = 0; id < op.length; id++) {
    const x = a[id] ?? -1;
    // A rescale reads its operand once; whoever reads the rescale reads the product.
    if (dividesScale(op[id] ?? -1)) throughRescales[x] = (throughRescales[x] ?? 0) + (readers[id] ?? 0) - 1;
  }
  const shared = new Set<number>();
  const depends = new Uint8Array(op.length);
  for (let id = op.length - 1; id >= 0; id--) {
    if (depends[id] === 0 && !sums.has(id)) continue;
    for (const operand of operandsOf(module.columns, id)) depends[operand] = 1;
    if (isPlainProduct(op[id] ?? -1) && (readers[id] ?? 0) + (throughRescales[id] ?? 0) > 1) shared.add(id);
  }
  return shared;
}
