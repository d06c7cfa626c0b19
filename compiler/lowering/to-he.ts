/**
 * `tile → he`: every kernel becomes products, rotations and sums of ciphertexts. The result is unmanaged: no
 * relinearisation, no rescale, no scale; passes place them. Products may be with zeros, which SEAL refuses and
 * `dead-ciphertexts` removes.
 */
import type { BootstrapEffect } from '../../ir/ckks/bootstrapping.ts';
import { Constant } from '../../ir/constant.ts';
import { InternalError, type NodeRef } from '../../ir/diagnostics/diagnostic.ts';
import { HeBuilder, type HeModule } from '../../ir/he/module.ts';
import { PlaintextBuilder } from '../../ir/he/plaintexts.ts';
import { nodeAt } from '../../ir/module.ts';
import type { ValueId } from '../../ir/op.ts';
import type { Layout } from '../../ir/tile/layout.ts';
import { mapOf } from '../../ir/tile/linear-attributes.ts';
import type { TileModule, TileNode, TileNodeNamed } from '../../ir/tile/ops.ts';
import { modulo } from '../../ir/maths/modular.ts';
import { sentOutputs } from '../../ir/tile/sent-outputs.ts';
import { emitPolynomial } from '../../ir/tensor/polynomial-evaluation.ts';
import { PlacedWeights } from './placed-weights.ts';

/** Where the model's values are in the program. */
export interface Lowered {
  readonly module: HeModule;
  /** For each pack of the tile module, in order: index of its first input ciphertext. */
  readonly packs: ReadonlyMap<ValueId, number>;
  /** For each unpack: index of its first output ciphertext; `sentOutputs` says which it has. */
  readonly unpacks: ReadonlyMap<ValueId, number>;
  /** The he values of every tile value, one for each ciphertext of its layout; of an unpack those that are sent. */
  readonly values: ReadonlyMap<ValueId, readonly number[]>;
}

/**
 * With `encrypted` weights, products with weights and sums with biases take ciphertexts of the model owner's in place
 * of plaintexts. Coefficients of activations stay plain. `placed` has the weights of programs that were lowered before.
 * @param bootstrapping what refreshes are; by the client unless given
 */
export function lowerToHe(
  tile: TileModule,
  weights: 'plain' | 'encrypted',
  placed = new PlacedWeights(),
  bootstrapping?: BootstrapEffect,
): Lowered {
  return new HeLowering(tile, weights === 'encrypted', placed, bootstrapping).lower();
}

class HeLowering {
  private readonly tile: TileModule;
  private readonly builder = new HeBuilder(4096);
  private readonly plaintexts = new PlaintextBuilder();
  private readonly packed: Constant[] = [];
  private readonly uniforms = new Map<number, number>();
  private readonly values = new Map<ValueId, readonly number[]>();
  private readonly origins: (readonly NodeRef[])[] = [];
  private readonly packs = new Map<ValueId, number>();
  private readonly unpacks = new Map<ValueId, number>();
  private readonly sent: ReadonlyMap<ValueId, readonly boolean[]>;
  private inputs = 0;
  private outputs = 0;

  private readonly encrypted: boolean;
  private readonly placed: PlacedWeights;
  private readonly bootstrapping: BootstrapEffect | undefined;

  constructor(tile: TileModule, encrypted: boolean, placed: PlacedWeights, bootstrapping?: BootstrapEffect) {
    this.tile = tile;
    this.bootstrapping = bootstrapping;
    this.placed = placed;
    this.sent = sentOutputs(tile);
    this.encrypted = encrypted;
  }

  lower(): Lowered {
    for (const node of this.tile.nodes) {
      this.builder.origin = this.origins.push(node.origins) - 1;
      this.values.set(node.id, this.lowerNode(node));
    }
    const slots = this.tile.nodes[0]?.type.slots ?? 0;
    const module: HeModule = {
      level: 'he',
      name: this.tile.name,
      slots,
      columns: this.builder.build(),
      plaintexts: this.plaintexts.build(),
      packed: this.packed,
      origins: this.origins,
      ...(this.bootstrapping && { bootstrapping: this.bootstrapping }),
    };
    return { module, packs: this.packs, unpacks: this.unpacks, values: this.values };
  }

  private lowerNode(node: TileNode): readonly number[] {
    const ciphertexts = Array.from({ length: node.type.ciphertexts }, (_, c) => c);
    const operands = node.operands.map((id) => this.valuesOf(id));
    const [x = [], y = []] = operands;
    switch (node.op) {
      case 'pack':
        this.packs.set(node.id, this.inputs);
        return ciphertexts.map(() => this.builder.add('input', { imm: this.inputs++ }));
      case 'linear':
        return this.lowerLinear(node, x);
      case 'add':
        return ciphertexts.map((c) => this.sum(operands.map((values) => at(values, c))));
      case 'multiply':
        return ciphertexts.map((c) => this.builder.add('multiply', { a: at(x, c), b: at(y, c) }));
      case 'polynomial':
        return ciphertexts.map((c) => this.lowerPolynomial(node, at(x, c), c));
      case 'refresh':
        return ciphertexts.map((c) => this.builder.add(this.bootstrapping ? 'bootstrap' : 'refresh', { a: at(x, c) }));
      case 'unpack':
        this.unpacks.set(node.id, this.outputs);
        return ciphertexts
          .filter((c) => this.sent.get(node.id)?.[c] === true)
          .map((c) => this.builder.add('output', { a: at(x, c), imm: this.outputs++ }));
    }
  }

  private lowerLinear(node: TileNodeNamed<'linear'>, x: readonly number[]): number[] {
    const { factor = 1, bias, kernel, layout } = node.attrs;
    const input = nodeAt(this.tile, node.operands[0] ?? -1).type;
    const map = mapOf(node.attrs, input.elements);
    const firstSource = this.packed.length;
    const rotated = new Map<number, number>();
    const babies = kernel.babies.length;
    // Summed as they come, so that in the order of the program few products are alive at once.
    const sums = Array.from({ length: layout.ciphertexts }, () => new Map<number, number>());
    const placed = { map, factor, kernel, input, output: layout };
    const blocks = this.placed.place(placed, ({ output, giant, baby, input: c, row }) => {
      const key = c * babies + baby;
      let operand = rotated.get(key);
      if (operand === undefined) {
        operand = this.rotate(at(x, c), kernel.babies[baby] ?? 0, input);
        rotated.set(key, operand);
      }
      const source = firstSource + row.block;
      const plaintext = this.plaintexts.add({ source, tile: row.row, shift: 0, inner: layout.batchTile });
      const product = this.timesWeight(operand, plaintext);
      const sum = sums[output]?.get(giant);
      sums[output]?.set(giant, sum === undefined ? product : this.builder.add('add', { a: sum, b: product }));
    });
    this.packed.push(...blocks);
    const biases = this.elementwise(layout, (element) => bias.values[element] ?? 0);
    return sums.map((byGiant, output) => {
      const turned = [...byGiant].map(([giant, sum]) => this.rotate(sum, kernel.giants[giant] ?? 0, layout));
      if (turned.length === 0) turned.push(this.zero(at(x, 0)));
      let value = this.sum(turned);
      for (const fold of kernel.folds)
        value = this.builder.add('add', { a: value, b: this.rotate(value, fold, layout) });
      const plaintext = biases[output];
      return plaintext === undefined ? value : this.plusWeight(value, plaintext);
    });
  }

  private timesWeight(a: number, plaintext: number): number {
    if (!this.encrypted) return this.builder.add('multiply-plain', { a, b: plaintext });
    return this.builder.add('multiply', { a, b: this.builder.add('weight', { a: plaintext }) });
  }

  private plusWeight(a: number, plaintext: number): number {
    if (!this.encrypted) return this.builder.add('add-plain', { a, b: plaintext });
    return this.builder.add('add', { a, b: this.builder.add('weight', { a: plaintext }) });
  }

  private lowerPolynomial(node: TileNodeNamed<'polynomial'>, x: number, c: number): number {
    const { basis, coefficients, set, center, halfWidth } = node.attrs;
    const layout = node.type;
    const { builder } = this;
    const scaled = halfWidth === 1 ? x : builder.add('multiply-plain', { a: x, b: this.uniform(1 / halfWidth) });
    // Only elements are centred: an empty slot must stay inside of the interval that the polynomial is made for.
    const shift = center === 0 ? undefined : this.elementwise(layout, () => -center / halfWidth)[c];
    const argument = shift === undefined ? scaled : builder.add('add-plain', { a: scaled, b: shift });
    const sets = set.indices;
    // Coefficients differ by slot only where there are several sets; a constant term stands only at elements.
    const plaintextOf = (term: Float64Array, everywhere: boolean): number | undefined =>
      term.length === 1 && everywhere
        ? this.uniform(term[0] ?? 0)
        : this.elementwise(layout, (element) => term[sets.length === 1 ? 0 : (sets[element] ?? 0)] ?? 0)[c];
    const value = emitPolynomial(
      {
        multiply: (a, b) => builder.add('multiply', { a, b }),
        add: (a, b) => builder.add('add', { a, b }),
        multiplyTerm: (a, term) => {
          const b = plaintextOf(term, true);
          return b === undefined ? this.zero(a) : builder.add('multiply-plain', { a, b });
        },
        addTerm: (a, term) => {
          const b = plaintextOf(term, false);
          return b === undefined ? a : builder.add('add-plain', { a, b });
        },
      },
      argument,
      coefficients,
      basis,
    );
    if (value !== undefined) return value;
    const constants = this.elementwise(layout, (element) => {
      const row = sets.length === 1 ? 0 : (sets[element] ?? 0);
      return coefficients.values[row * (coefficients.shape[1] ?? 1)] ?? 0;
    })[c];
    const zero = this.zero(x);
    return constants === undefined ? zero : builder.add('add-plain', { a: zero, b: constants });
  }

  /** One plaintext for each ciphertext of `layout`, undefined where all of it is zero. */
  private elementwise(layout: Layout, valueOf: (element: number) => number): (number | undefined)[] {
    const { virtualSlots, ciphertexts, batchTile, period } = layout;
    const map = layout.elementMap();
    const tiles = new Float64Array(ciphertexts * period);
    const used = new Uint8Array(ciphertexts);
    for (let c = 0; c < ciphertexts; c++) {
      for (let s = 0; s < period; s++) {
        const element = map[c * virtualSlots + s] ?? -1;
        const value = element < 0 ? 0 : valueOf(element);
        tiles[c * period + s] = value;
        if (value !== 0) used[c] = 1;
      }
    }
    if (!used.includes(1)) return Array.from(used, () => undefined);
    const source = this.packed.push(new Constant([ciphertexts, period], tiles)) - 1;
    return Array.from(used, (bit, tile) =>
      bit === 0 ? undefined : this.plaintexts.add({ source, tile, shift: 0, inner: batchTile }),
    );
  }

  /** The same value in every slot. */
  private uniform(value: number): number {
    let source = this.uniforms.get(value);
    if (source === undefined) {
      source = this.packed.push(new Constant([1, 1], Float64Array.of(value))) - 1;
      this.uniforms.set(value, source);
    }
    return this.plaintexts.add({ source, tile: 0, shift: 0, inner: 1 });
  }

  /** A result without weights still has to be a ciphertext; `dead-ciphertexts` sees to what needs it. */
  private zero(x: number): number {
    return this.builder.add('multiply-plain', { a: x, b: this.uniform(0) });
  }

  private rotate(a: number, virtualStep: number, { batchTile, slots }: Layout): number {
    const step = modulo(virtualStep * batchTile, slots);
    return step === 0 ? a : this.builder.add('rotate', { a, imm: step });
  }

  /** One after another; `schedule` cuts long sums into pieces. */
  private sum(terms: readonly number[]): number {
    return terms.reduce((a, b) => this.builder.add('add', { a, b }));
  }

  private valuesOf(id: ValueId): readonly number[] {
    const values = this.values.get(id);
    if (values === undefined) throw new InternalError(`%${id} was not lowered`);
    return values;
  }
}

function at(values: readonly number[], c: number): number {
  const value = values[c];
  if (value === undefined) throw new InternalError(`there is no ciphertext ${c}`);
  return value;
}
