/** Shapes and layouts from lists. */
import * as problem from '../../diagnostics/text.ts';
import type { Shape } from '../../tensor/ops.ts';
import { type Dim, isPowerOfTwo, Layout, tiled, tilesOf, whyNoDim } from '../../tile/layout.ts';
import type { Report } from './report.ts';
import type { SyntaxList, SyntaxValue } from './syntax.ts';

/** Of the largest secure polynomial modulus degree. */
const maxSlots = 1 << 14;
const maxDims = 16;
/** Slots of all ciphertexts of a value: maps of a layout are arrays of this length. */
const maxPlaces = 1 << 26;
/** Elements of a value. */
const maxElements = 1 << 28;

/** A shape, or `undefined` after a problem was reported. */
export function readShape(list: SyntaxList, report: Report): Shape | undefined {
  const shape: number[] = [];
  let elements = 1;
  for (const item of list.items) {
    if (item.kind !== 'number' || !Number.isSafeInteger(item.value) || item.value < 0) {
      report.add(problem.badType, { level: 'tensor', expected: 'a list of extents such as [1, 28, 28]' }, item.at);
      return undefined;
    }
    shape.push(item.value === 0 ? 0 : item.value);
    elements *= item.value;
  }
  if (list.batch !== undefined) {
    report.add(problem.badType, { level: 'tensor', expected: 'a list of extents without a batch' }, list.at);
    return undefined;
  }
  if (elements > maxElements) {
    report.add(
      problem.outOfRange,
      { what: 'the number of elements', expected: `at most ${maxElements}`, got: elements },
      list.at,
    );
    return undefined;
  }
  return shape;
}

/** A layout, or `undefined` after a problem was reported. */
export function readLayout(list: SyntaxList, report: Report): Layout | undefined {
  const dims: Dim[] = [];
  for (const item of list.items) {
    const dim = readDim(item);
    if (typeof dim === 'string') {
      report.add(problem.badLayout, { reason: dim }, item.at);
      return undefined;
    }
    dims.push(dim);
  }
  const batch = list.batch ?? 1;
  const reason = whyTooLarge(dims, batch);
  if (reason === undefined) return new Layout(dims, batch);
  report.add(problem.badLayout, { reason }, list.at);
  return undefined;
}

function whyTooLarge(dims: readonly Dim[], batch: number): string | undefined {
  if (!isPowerOfTwo(batch)) return `batch ${batch} is no power of two`;
  if (dims.length > maxDims) return `a layout has at most ${maxDims} dimensions, this has ${dims.length}`;
  const slots = dims.reduce((product, { t }) => product * t, batch);
  const elements = dims.reduce((product, { n }) => product * n, 1);
  const ciphertexts = dims.reduce((product, dim) => product * tilesOf(dim), 1);
  if (slots > maxSlots) return `the layout has ${slots} slots, more than ${maxSlots}`;
  if (elements > maxElements) return `the layout has ${elements} elements, more than ${maxElements}`;
  if (ciphertexts * slots > maxPlaces)
    return `the layout has ${ciphertexts} ciphertexts of ${slots} slots, more than ${maxPlaces} slots together`;
  return undefined;
}

/** A dimension, or why it is none. */
function readDim(item: SyntaxValue): Dim | string {
  if (item.kind === 'number')
    return isExtent(item.value) ? tiled(item.value, 1) : `${item.value} is no number of elements`;
  if (item.kind !== 'dim') return 'a dimension is n, n/t or */t';
  const { n, t, unknown, interleaved, multiplexed } = item;
  if (!isPowerOfTwo(t)) return `tile size ${t} is no power of two`;
  if (n !== undefined && !isExtent(n)) return `${n} is no number of elements`;
  const dim = { n: n ?? 1, t, duplicated: n === undefined, unknown, interleaved, multiplexed };
  return whyNoDim(dim) ?? dim;
}

function isExtent(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 1;
}
