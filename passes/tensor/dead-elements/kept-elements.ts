/** Where the elements that stay stand afterwards, and what stays of attributes that go by element. */
import { Constant, elementCount, vector } from '../../../ir/constant.ts';
import { nodeAt } from '../../../ir/module.ts';
import type { ValueId } from '../../../ir/op.ts';
import type { Shape } from '../../../ir/tensor/ops.ts';
import { channelSize } from './classes.ts';
import type { Needs } from './needs.ts';

export class KeptElements {
  private readonly needs: Needs;
  /** By class. */
  private readonly elements = new Map<ValueId, Int32Array>();
  private readonly places = new Map<ValueId, Int32Array>();

  constructor(needs: Needs) {
    this.needs = needs;
  }

  /** The elements that stay, ascending. */
  of(id: ValueId): Int32Array {
    const root = this.needs.classes.root(id);
    let kept = this.elements.get(root);
    if (kept === undefined) {
      const count = elementCount(nodeAt(this.needs.module, id).type);
      kept = Int32Array.from({ length: count }, (_, e) => e).filter((e) => this.needs.keeps(id, e));
      this.elements.set(root, kept);
    }
    return kept;
  }

  isWhole(id: ValueId): boolean {
    return this.of(id).length === elementCount(nodeAt(this.needs.module, id).type);
  }

  /** For each element its place among those that stay, −1 for the others. */
  positions(id: ValueId): Int32Array {
    const root = this.needs.classes.root(id);
    let places = this.places.get(root);
    if (places === undefined) {
      places = new Int32Array(elementCount(nodeAt(this.needs.module, id).type)).fill(-1);
      for (const [at, element] of this.of(id).entries()) places[element] = at;
      this.places.set(root, places);
    }
    return places;
  }

  /** Channels stay channels where whole ones go, everything else becomes a vector. */
  shape(id: ValueId): Shape {
    const { type } = nodeAt(this.needs.module, id);
    if (this.isWhole(id)) return type;
    const size = channelSize(type);
    const kept = this.of(id).length;
    return this.needs.classes.group(id) % size === 0 ? [kept / size, ...type.slice(1)] : [kept];
  }

  /** What stays of the values at the elements. */
  constants(id: ValueId): Float64Array {
    return Float64Array.from(this.of(id), (e) => this.needs.constantAt(id, e));
  }

  /** What stays of an attribute that has one entry for each element, or one for all. */
  entries(id: ValueId, { data, values }: Constant): Constant {
    return data.length === 1 ? vector(values) : vector(Float64Array.from(this.of(id), (e) => values[e] ?? 0));
  }

  /** What stays of rows that belong to the indices of the first axis: one row for each of those that there are then. */
  sets(id: ValueId, rows: Constant): Constant {
    const [sets = 1, terms = 1] = rows.shape;
    if (sets === 1 || this.isWhole(id)) return rows;
    const kept = this.of(id);
    const perSet = elementCount(nodeAt(this.needs.module, id).type) / sets;
    const count = this.shape(id)[0] ?? 1;
    const data = new Float64Array(count * terms);
    for (let at = 0; at < count; at++) {
      const set = Math.floor((kept[(at * kept.length) / count] ?? 0) / perSet);
      data.set(rows.values.subarray(set * terms, (set + 1) * terms), at * terms);
    }
    return new Constant([count, terms], data);
  }
}
