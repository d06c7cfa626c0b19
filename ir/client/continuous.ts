/** Which outputs of client steps change little where what is decrypted does, so that errors can be measured on them. */
import type { ValueId } from '../op.ts';
import type { ClientModule, ClientNode } from './ops.ts';

/**
 * Names of the outputs that are reals and follow continuously from the inputs. Labels, places and what is computed from these
 * are either right or wrong. The condition of a choice does not count: steps choose where both sides meet.
 */
export function continuousOutputs({ nodes }: ClientModule): ReadonlySet<string> {
  const discrete = new Set<ValueId>();
  const names = new Set<string>();
  for (const node of nodes) {
    const operands = node.op === 'select' ? node.operands.slice(1) : node.operands;
    const jumps = isDiscrete(node) || operands.some((id) => discrete.has(id));
    if (jumps) discrete.add(node.id);
    else if (node.op === 'output') names.add(node.attrs.name);
  }
  return names;
}

/** Constants are as continuous as it gets, whatever they hold. */
function isDiscrete(node: ClientNode): boolean {
  if (node.op === 'constant') return false;
  if (node.type.elements !== 'real') return true;
  return (
    node.op === 'one-hot' ||
    node.op === 'look-up' ||
    (node.op === 'unary' && ['floor', 'ceil', 'round-half-even', 'sign'].includes(node.attrs.fn))
  );
}
