/** Leaves out kernels that another one replaces: it costs no more and leaves its result wherever they do. */
import { type Layout, nextPowerOfTwo } from '../../../ir/tile/layout.ts';
import { type KernelOption, rotationsOf } from './kernel-option.ts';

export function withoutDominated(options: readonly KernelOption[]): KernelOption[] {
  const kept: KernelOption[] = [];
  // A kernel is dominated by none after it in this order, save by one with equal counts, of which one stays.
  const ordered = [...options].sort(
    (a, b) =>
      rotationsOf(a.counts) - rotationsOf(b.counts) ||
      a.counts.products - b.counts.products ||
      a.output.period - b.output.period,
  );
  for (const option of ordered) {
    if (!kept.some((other) => dominates(other, option))) kept.push(option);
  }
  return kept;
}

function dominates(a: KernelOption, b: KernelOption): boolean {
  return (
    a.input.ciphertexts <= b.input.ciphertexts &&
    // Babies may cost much less than late rotations, where an engine hoists, or more.
    a.counts.babyRotations <= b.counts.babyRotations &&
    a.counts.lateRotations <= b.counts.lateRotations &&
    a.counts.products <= b.counts.products &&
    a.counts.rescales <= b.counts.rescales &&
    (a.output.padding === 'zero' || b.output.padding === 'unknown') &&
    axes(a.output) >= axes(b.output) &&
    (isCompact(a.output) || covers(a.output, b.output))
  );
}

/** Contiguous and duplicated as often as can be: no layout of the same elements lets later kernels fold more. */
function isCompact({ dims, ciphertexts }: Layout): boolean {
  const [inner, ...outer] = dims.toReversed();
  return ciphertexts === 1 && inner?.t === nextPowerOfTwo(inner?.n ?? 1) && outer.every(({ duplicated }) => duplicated);
}

/** A convolution can go on only where a layout tells channels and positions apart. */
function axes(layout: Layout): number {
  return layout.dims.filter(({ n }) => n > 1).length;
}

/** Whether every slot that holds an element in `b` holds the same one in `a`. */
function covers(a: Layout, b: Layout): boolean {
  if (a.ciphertexts !== b.ciphertexts) return false;
  if (a.equals(b)) return true;
  const places = a.elementMap();
  return b.elementMap().every((element, i) => element === -1 || places[i] === element);
}
