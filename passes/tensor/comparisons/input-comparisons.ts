/**
 * Comparisons of what is affine in a few elements of one input, such as those of features with the thresholds of trees: which
 * they are, what they read, and what else reads these elements.
 */
import { elementCount } from '../../../ir/constant.ts';
import { usersOf } from '../../../ir/module.ts';
import type { ValueId } from '../../../ir/op.ts';
import type { Range } from '../../../ir/plan/calibration.ts';
import { composeWithin } from '../../../ir/tensor/csr.ts';
import {
  affineMapOf,
  identityMap,
  isLinear,
  type LinearMap,
  type LinearNode,
  linearMapOf,
} from '../../../ir/tensor/linear-map.ts';
import type { TensorModule, TensorNode, TensorNodeNamed } from '../../../ir/tensor/ops.ts';
import { type InputLimits, rowRange } from '../../base/input-limits.ts';

/** What is compared may have so many elements: the range of a sum of many is far wider than what inputs make of it. */
const mostCompared = 4;

/** Maps of more entries than this are not looked at. */
const mostEntries = 2 ** 22;

export interface InputComparison {
  readonly node: TensorNodeNamed<'activation'>;
  /** The input, and what is compared with 0 of its elements. */
  readonly input: string;
  readonly map: LinearMap;
}

export interface InputReaders {
  readonly comparisons: readonly InputComparison[];
  /** For each input that comparisons read, 1 for every element that anything else reads. */
  readonly readOtherwise: ReadonlyMap<string, Uint8Array>;
}

export function isComparison(node: TensorNode): node is TensorNodeNamed<'activation'> {
  return node.op === 'activation' && (node.attrs.kind === 'step' || node.attrs.kind === 'sign');
}

/** What reads inputs. Maps are looked at only of inputs that comparisons read. */
export function inputReaders(module: TensorModule): InputReaders {
  const users = usersOf<TensorNode>(module);
  const comparisons: InputComparison[] = [];
  const readOtherwise = new Map<string, Uint8Array>();
  for (const node of module.nodes) {
    if (node.op !== 'input' || !leadsToComparison(node, users)) continue;
    const { name } = node.attrs;
    const others = new Uint8Array(elementCount(node.type));
    readOtherwise.set(name, others);
    const waiting: { readonly value: TensorNode; readonly map: LinearMap }[] = [
      { value: node, map: identityMap(others.length) },
    ];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { value, map } = next;
      for (const user of users[value.id] ?? []) {
        const composed = isLinearInOne(user) ? mapBehind(map, user, value) : undefined;
        if (isComparison(user) && map.longestRow <= mostCompared) comparisons.push({ node: user, input: name, map });
        else if (composed !== undefined) waiting.push({ value: user, map: composed });
        else for (const column of map.indices) others[column] = 1;
      }
    }
  }
  return { comparisons, readOtherwise };
}

/**
 * What each element is that a comparison of inputs with limits decides on, by the comparison; none of one that reads an element
 * without limits.
 */
export function limitedRanges(module: TensorModule, limits: InputLimits | undefined): ReadonlyMap<ValueId, Range[]> {
  const found = new Map<ValueId, Range[]>();
  if (limits === undefined || limits.size === 0) return found;
  for (const { node, input, map } of inputReaders(module).comparisons) {
    const own = limits.get(input);
    if (own === undefined) continue;
    const ranges = Array.from({ length: map.rows }, (_, row) => rowRange(map, row, own));
    if (ranges.flat().every(Number.isFinite)) found.set(node.id, ranges);
  }
  return found;
}

function leadsToComparison(node: TensorNode, users: readonly TensorNode[][]): boolean {
  const waiting = [node.id];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    for (const user of users[id] ?? []) {
      if (isComparison(user)) return true;
      if (isLinearInOne(user)) waiting.push(user.id);
    }
  }
  return false;
}

function isLinearInOne(node: TensorNode): node is LinearNode {
  return isLinear(node) && node.operands.length === 1;
}

/** The map to `node` by that to its operand; undefined of one with too many entries. */
function mapBehind(map: LinearMap, node: LinearNode, operand: TensorNode): LinearMap | undefined {
  if (affineMapOf(node, [operand.type]).nonZeros > mostEntries) return undefined;
  return composeWithin(linearMapOf(node, [operand.type]), map, mostEntries);
}
