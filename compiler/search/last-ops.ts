/**
 * The last ops of a packed network alone. What stands in slots of the outputs follows from the elements that the last
 * linear ops read: products with weights clear all that is beside them. So it is known without running the rest of the
 * program, which has most of the operations.
 */
import { indexConstant } from '../../ir/constant.ts';
import type { Sample } from '../../ir/interface.ts';
import { evaluateTile } from '../../ir/interpret/tile.ts';
import { nodeAt } from '../../ir/module.ts';
import type { ValueId } from '../../ir/op.ts';
import { TileBuilder, type TileModule, type TileNode } from '../../ir/tile/ops.ts';

export interface LastOps {
  /** Of the same outputs, with inputs in place of what the last linear ops read. */
  readonly tile: TileModule;
  /** What these inputs are for a sample of the network. */
  readonly inputsFor: (sample: Sample) => Sample;
}

export function lastOps(module: TileModule): LastOps {
  const { computed, given } = needed(module);
  const names = new Set(module.nodes.flatMap((node) => (node.op === 'pack' ? [node.attrs.name] : [])));
  const nameOf = (id: ValueId): string => {
    let name = `elements ${id}`;
    while (names.has(name)) name += "'";
    return name;
  };
  const builder = new TileBuilder();
  const copies = new Map<ValueId, ValueId>();
  const inputs = new Map<ValueId, ValueId>();
  for (const node of module.nodes) {
    if (given.has(node.id)) inputs.set(node.id, addInput(builder, node, nameOf(node.id)));
    if (!computed.has(node.id)) continue;
    const from = node.op === 'linear' ? inputs : copies;
    copies.set(
      node.id,
      builder.copy(node, (id) => from.get(id) ?? -1),
    );
  }
  const inputsFor = (sample: Sample): Sample => {
    const all = new Map(sample);
    evaluateTile(module, sample, (id, elements) => {
      if (given.has(id)) all.set(nameOf(id), elements);
    });
    return all;
  };
  return { tile: builder.build(module.name), inputsFor };
}

/** What outputs are computed from slot by slot, up to the last linear ops; and what these read. */
function needed(module: TileModule): { computed: ReadonlySet<ValueId>; given: ReadonlySet<ValueId> } {
  const computed = new Set<ValueId>();
  const given = new Set<ValueId>();
  for (const node of module.nodes.toReversed()) {
    if (node.op === 'unpack') computed.add(node.id);
    if (!computed.has(node.id)) continue;
    for (const operand of node.operands) (node.op === 'linear' ? given : computed).add(operand);
  }
  return { computed, given };
}

function addInput(builder: TileBuilder, { type, origins }: TileNode, name: string): ValueId {
  const { elements } = type;
  const index = indexConstant(
    [elements],
    Int32Array.from({ length: elements }, (_, e) => e),
  );
  return builder.add('pack', [], { name, shape: [elements], index, factor: 1, layout: type }, origins);
}

/** At most how many products with weights the linear ops of a module take. */
export function mostProducts(module: TileModule): number {
  return module.nodes.reduce((sum, node) => {
    if (node.op !== 'linear') return sum;
    const { babies, giants } = node.attrs.kernel;
    const operand = nodeAt(module, node.operands[0] ?? -1).type;
    return sum + babies.length * giants.length * operand.ciphertexts * node.type.ciphertexts;
  }, 0);
}
