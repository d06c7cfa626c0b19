/** Whether nodes that point at each other are trees. */
import { invalid } from '../../../proto/failure.ts';
import type { TreeNode } from './ensemble.ts';

/** Throws where a node is outside of the list, or is reached twice from the roots or more often: then it is no tree. */
export function checkTrees(nodes: readonly TreeNode[], roots: readonly number[]): void {
  const reached = new Uint8Array(nodes.length);
  const reach = (place: number): void => {
    if (!(place in nodes)) throw invalid(`there is no node ${place} among ${nodes.length} of the trees`);
    if (reached[place] === 1) throw invalid(`node ${place} of the trees is reached twice`);
    reached[place] = 1;
  };
  const waiting = [...roots];
  for (const root of roots) reach(root);
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    const node = nodes[place];
    if (node?.kind !== 'decision') continue;
    for (const next of [node.whenTrue, node.whenFalse]) {
      reach(next);
      waiting.push(next);
    }
  }
}
