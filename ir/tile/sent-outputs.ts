/** Which ciphertexts of the outputs a server sends. */
import type { ValueId } from '../op.ts';
import type { TileModule } from './ops.ts';
import { pickedCiphertexts } from './packing.ts';

/**
 * For each `unpack` by id, in order, which ciphertexts of its operand are sent: those that an element is picked of. Where
 * that is none in the whole module, as everything is constant, it is the first one: a program has an output.
 */
export function sentOutputs({ nodes }: TileModule): Map<ValueId, boolean[]> {
  const sent = new Map<ValueId, boolean[]>();
  for (const { id, op, attrs, type } of nodes)
    if (op === 'unpack') sent.set(id, pickedCiphertexts(type, { index: attrs.index?.indices }));
  const [first] = sent.values();
  if (first !== undefined && ![...sent.values()].some((each) => each.includes(true))) first[0] = true;
  return sent;
}
