/** Levels that a network takes, before it is packed. */
import type { NodeRef } from '../../ir/diagnostics/diagnostic.ts';
import { refreshedLevel } from '../../ir/he/ops.ts';
import { mergeOrigins, nodeAt, usersOf } from '../../ir/module.ts';
import type { TensorModule, TensorNode } from '../../ir/tensor/ops.ts';
import { isReshape } from '../../ir/tensor/reshape.ts';
import { polynomialDepth } from '../../ir/tensor/polynomial-evaluation.ts';
import { isLinear } from '../../ir/tensor/linear-map.ts';
import { isClientView } from './client-views.ts';

/**
 * The rescales along the longest way from an input, or what is refreshed, to an output or the next refresh, and the ONNX nodes on
 * it. Repacking may add to them.
 */
export function networkDepth(module: TensorModule): { depth: number; path: readonly NodeRef[] } {
  const levels = levelsOf(module);
  const depth = Math.max(0, ...levels);
  const users = usersOf(module);
  const path: NodeRef[] = [];
  let node = module.nodes.find(({ id }) => levels[id] === depth);
  while (node !== undefined) {
    path.push(...node.origins);
    const here = levels[node.id] ?? 0;
    node = (users[node.id] ?? []).find(
      (user) => user.op !== 'refresh' && levelRead(module, user, levels[user.id] ?? 0, users) === here,
    );
  }
  return { depth, path: mergeOrigins(path) };
}

/** Rescales below each value on the way to the outputs, or to where it is refreshed: the level that its result is needed at. */
export function levelsOf(module: TensorModule): number[] {
  const users = usersOf(module);
  const levels: number[] = module.nodes.map(() => 0);
  for (const node of module.nodes.toReversed()) {
    const needs = (users[node.id] ?? []).map((user) => levelRead(module, user, levels[user.id] ?? 0, users));
    levels[node.id] = Math.max(0, ...needs);
  }
  return levels;
}

/** The level that a node reads its operands at, where its result is needed at `level`. */
function levelRead(module: TensorModule, node: TensorNode, level: number, users: Users): number {
  return node.op === 'refresh' ? refreshedLevel : level + depthOf(module, node, users);
}

/** Levels of a node whose last product is rescaled with those that follow, where it may be. */
export function depthOf(module: TensorModule, node: TensorNode, users: Users): number {
  const isProduct = node.op === 'multiply' || node.op === 'polynomial';
  return settledDepthOf(module, node) - (isProduct && waits(module, node, users) ? 1 : 0);
}

/** Levels of a node whose products are each rescaled by themselves. */
export function settledDepthOf(module: TensorModule, node: TensorNode): number {
  switch (node.op) {
    case 'multiply':
      return 1;
    case 'polynomial':
      return polynomialDepth(node.attrs.coefficients, node.attrs.basis);
    case 'dense':
    case 'conv':
    case 'gather':
    case 'scale-shift':
    case 'sparse':
      return isReshape(module, node) || isClientView(module, node) ? 0 : 1;
    case 'input':
    case 'add':
    case 'output':
    case 'activation':
    case 'composite':
    case 'quantize':
    case 'refresh':
      return 0;
  }
}

export type Users = readonly (readonly TensorNode[])[];

/**
 * Whether the last product of a node is rescaled with products that follow: only linear ops read it, and sums with what
 * is no product, where it is multiplied by one.
 */
function waits(module: TensorModule, node: TensorNode, users: Users): boolean {
  const isProduct = (id: number): boolean => ['multiply', 'polynomial'].includes(nodeAt(module, id).op);
  const readers = users[node.id] ?? [];
  return readers.every((user) => {
    if (isReshape(module, user)) return waits(module, user, users);
    return isLinear(user) || (user.op === 'add' && !user.operands.every(isProduct));
  });
}
