/** The maps of the linear nodes of a network, each made once. */
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { nodeAt } from '../../../ir/module.ts';
import type { AffineMap } from '../../../ir/tensor/affine-map.ts';
import { affineMapOf } from '../../../ir/tensor/linear-map.ts';
import type { TensorModule, TensorNode } from '../../../ir/tensor/ops.ts';

export class LinearMaps {
  private readonly module: TensorModule;
  private readonly maps = new Map<number, AffineMap>();

  constructor(module: TensorModule) {
    this.module = module;
  }

  of(node: TensorNode): AffineMap {
    let map = this.maps.get(node.id);
    if (map === undefined) {
      const shapes = node.operands.map((id) => nodeAt(this.module, id).type);
      map = affineMapOf(node, shapes);
      if (map === undefined) throw new InternalError(`${node.op} is not linear`);
      this.maps.set(node.id, map);
    }
    return map;
  }
}
