/** Rebuilds an `he` program op by op: what every `he` pass that inserts, drops or merges ops has in common. */
import { Constant } from '../../ir/constant.ts';
import { type HeColumns, HeBuilder, type HeFields, type HeModule } from '../../ir/he/module.ts';
import type { HeOpName } from '../../ir/he/ops.ts';
import { type Plaintext, type PlaintextPool, PlaintextBuilder } from '../../ir/he/plaintexts.ts';
import { usesValueA, usesValueB } from '../../ir/he/traits.ts';

export class HeRewriter {
  readonly from: HeColumns;
  private readonly module: HeModule;
  private readonly builder: HeBuilder;
  /** New id of each old value; −1 where it was dropped. */
  private readonly newIds: Int32Array;
  private plaintexts: PlaintextBuilder | undefined;
  private readonly packed: Constant[] = [];
  private ones: number | undefined;

  constructor(module: HeModule) {
    this.module = module;
    this.from = module.columns;
    this.builder = new HeBuilder(module.columns.op.length + 64);
    this.newIds = new Int32Array(module.columns.op.length).fill(-1);
  }

  /** The new value that stands for old value `id`. */
  at(id: number): number {
    return this.newIds[id] ?? -1;
  }

  replace(id: number, by: number): void {
    this.newIds[id] = by;
  }

  /** Copies old op `id` with its operands replaced, and notes it as the replacement of `id`. */
  keep(id: number): number {
    const code = this.from.op[id] ?? 0;
    const a = usesValueA(code) ? this.at(this.from.a[id] ?? -1) : -1;
    const b = usesValueB(code) ? this.at(this.from.b[id] ?? -1) : -1;
    const copy = this.builder.copy(this.from, id, a, b);
    this.newIds[id] = copy;
    return copy;
  }

  /** Appends an op that comes from where old op `origin` comes from. */
  insert(origin: number, op: HeOpName, fields: HeFields): number {
    this.builder.origin = this.from.origin[origin] ?? 0;
    return this.builder.add(op, fields);
  }

  /** Adds a packed constant, and returns its number: the `source` of plaintexts. */
  pack(constant: Constant): number {
    return this.module.packed.length + this.packed.push(constant) - 1;
  }

  /** A plaintext with one in every slot. */
  one(): number {
    this.ones ??= this.plaintext({
      source: this.pack(new Constant([1, 1], Float64Array.of(1))),
      tile: 0,
      shift: 0,
      inner: 1,
    });
    return this.ones;
  }

  /** A plaintext that the module did not have; from here on the pool is a new one with all the old rows first. */
  plaintext(plaintext: Plaintext): number {
    this.plaintexts ??= new PlaintextBuilder(this.module.plaintexts);
    return this.plaintexts.add(plaintext);
  }

  finish(): HeModule {
    const plaintexts: PlaintextPool = this.plaintexts?.build() ?? this.module.plaintexts;
    const packed = this.packed.length === 0 ? this.module.packed : [...this.module.packed, ...this.packed];
    return { ...this.module, columns: this.builder.build(), plaintexts, packed };
  }
}
