/**
 * The algebra of terms: every function computes at once where all operands are constants, and appends ops to the
 * module where one is encrypted. Shapes are those of one sample; a result has a batch if an operand has.
 */
import { Constant, elementCount, indexConstant, isIdentity, sameShape, vector } from '../../../ir/constant.ts';
import type { NodeRef } from '../../../ir/diagnostics/diagnostic.ts';
import { activationFunction } from '../../../ir/interpret/activations.ts';
import { areFinite } from '../../../ir/maths/finite.ts';
import type { ValueId } from '../../../ir/op.ts';
import { applyMap } from '../../../ir/tensor/affine-map.ts';
import { canonicalRows, type CompressedRows, LinearMap } from '../../../ir/tensor/csr.ts';
import { TensorBuilder, type TensorNodeNamed } from '../../../ir/tensor/ops.ts';
import { notFinite, tooLarge } from '../proto/failure.ts';
import { permuted, permuteIndex, pick } from './geometry.ts';
import { finiteOffsets } from './hidden-offsets.ts';
import { checkedCount, checkedExtents, maxTotalElements } from '../proto/limits.ts';
import { constant, elementsOf, type EncryptedTerm, isBatched, type Term, withShape } from '../proto/term.ts';

export type ActivationKind = TensorNodeNamed<'activation'>['attrs']['kind'];
export type ConvAttrs = TensorNodeNamed<'conv'>['attrs'];

export class Emitter {
  readonly builder = new TensorBuilder();
  /** The ONNX nodes that the next ops come from. */
  origins: readonly NodeRef[] = [];
  /** Where onnxruntime is known to compute something else than ONNX says. */
  readonly deviations: { readonly reason: string; readonly nodes: readonly NodeRef[] }[] = [];
  private readonly reshaped = new Map<string, ValueId>();
  private elements = 0;

  /** Notes that onnxruntime computes the node otherwise; `reason` says how. */
  deviates(reason: string): void {
    this.deviations.push({ reason, nodes: this.origins });
  }

  input(name: string, shape: readonly number[], batched: boolean): EncryptedTerm {
    checkedExtents(shape);
    return { kind: 'encrypted', value: this.builder.add('input', [], { name, shape: [...shape] }, []), shape, batched };
  }

  output(name: string, term: EncryptedTerm): void {
    this.builder.add('output', [this.valueAs(term, term.shape)], { name }, this.builder.node(term.value).origins);
  }

  /** The value of `term` with its elements in a given shape. */
  valueAs(term: EncryptedTerm, shape: readonly number[]): ValueId {
    if (sameShape(this.builder.typeOf(term.value), shape)) return term.value;
    // A value that is used twice in the same shape stays one value: x · x is a square.
    const key = `${term.value}:${shape.join(',')}`;
    const known = this.reshaped.get(key);
    if (known !== undefined) return known;
    const index = indexConstant(
      shape,
      Int32Array.from({ length: elementCount(shape) }, (_, i) => i),
    );
    const value = this.builder.add('gather', [term.value], { index }, this.builder.node(term.value).origins);
    this.reshaped.set(key, value);
    return value;
  }

  /** A tensor of `shape` whose element i is element `index[i]` of `term`, or 0 where that is −1. */
  move<T extends Term>(term: T, shape: readonly number[], index: Int32Array): T {
    this.charge(index.length);
    if (isIdentity(index, elementCount(term.shape))) return withShape(term, shape);
    if (term.kind === 'constant') return { ...term, shape, data: pick(term.data, index) };
    checkedExtents(shape);
    const attrs = { index: indexConstant(shape, index) };
    return { ...term, shape, value: this.builder.add('gather', [term.value], attrs, this.origins) };
  }

  /** The axes of one sample in another order: axis d of the result is axis `order[d]` of the term. */
  transpose(term: Term, order: readonly number[]): Term {
    return this.move(term, permuted(term.shape, order), permuteIndex(term.shape, order));
  }

  /**
   * As `move`; where nothing is picked, a constant without elements, with an axis of one in the place of the batch: it
   * depends on no input.
   */
  select(term: Term, shape: readonly number[], index: Int32Array): Term {
    if (index.length > 0) return this.move(term, shape, index);
    const elements = term.kind === 'constant' ? term.elements : 'float';
    return constant(isBatched(term) ? [1, ...shape] : shape, new Float64Array(), elements);
  }

  /** As `move`, from several operands: `index` runs over all of them, flattened one after another. */
  rearrange(parts: readonly Term[], shape: readonly number[], index: Int32Array): Term {
    this.charge(index.length);
    const encrypted = parts.filter((part) => part.kind === 'encrypted');
    const constants = pickConstants(parts, index);
    if (encrypted.length === 0) {
      const [first] = parts;
      return constant(shape, constants, first?.kind === 'constant' ? first.elements : 'float');
    }
    checkedExtents(shape);
    const operands = [...new Map(encrypted.map((part) => [part.value, part])).values()];
    const attrs = { index: indexConstant(shape, encryptedPositions(parts, operands, index)) };
    const ids = operands.map((part) => part.value);
    const gathered = { ...result(encrypted, shape), value: this.builder.add('gather', ids, attrs, this.origins) };
    return constants.some((x) => x !== 0) ? this.scaleShift(gathered, Float64Array.of(1), constants) : gathered;
  }

  /** A x + b in the given shape. */
  linear(term: Term, map: CompressedRows, shape: readonly number[]): Term {
    this.charge(map.values.length + map.rows);
    if (term.kind === 'constant') return constant(shape, applyMap(new LinearMap(map), term.data));
    checkedExtents(shape);
    checkFinite(map.values, 'a weight');
    checkFinite(map.bias, 'an offset');
    const { starts, indices, values, bias } = canonicalRows(map);
    const attrs = {
      starts: indexConstant([starts.length], starts),
      columns: indexConstant([indices.length], indices),
      values: vector(values),
      bias: vector(bias),
      shape: [...shape],
    };
    return { ...term, value: this.builder.add('sparse', [term.value], attrs, this.origins), shape };
  }

  /** factors · x + offsets, each with one entry or as many as x has elements. Offsets may be −∞ (`hidden-offsets.ts`). */
  scaleShift<T extends Term>(term: T, factors: Float64Array, given: Float64Array): T {
    if (term.kind === 'constant') {
      this.charge(term.data.length);
      const data = term.data.map((x, i) => entry(factors, i) * x + entry(given, i));
      return { ...term, elements: 'float', data };
    }
    this.charge(factors.length + given.length);
    const offsets = finiteOffsets(given);
    checkFinite(factors, 'a factor');
    checkFinite(offsets, 'an offset');
    if (factors.every((f) => f === 1) && offsets.every((o) => o === 0)) return term;
    const attrs = { factors: vector(factors), offsets: vector(offsets) };
    return { ...term, value: this.builder.add('scale-shift', [term.value], attrs, this.origins) };
  }

  /** The sum of encrypted terms of one shape. */
  add(terms: readonly EncryptedTerm[], shape: readonly number[]): EncryptedTerm {
    const operands = this.alike(terms, shape);
    return { ...result(terms, shape), value: this.builder.add('add', operands, {}, this.origins) };
  }

  /** The product of two encrypted terms of one shape, element by element. */
  multiply(x: EncryptedTerm, y: EncryptedTerm): EncryptedTerm {
    const operands = this.alike([x, y], x.shape);
    return { ...result([x, y], x.shape), value: this.builder.add('multiply', operands, {}, this.origins) };
  }

  /** x to a power of at least 2. */
  power(x: EncryptedTerm, exponent: number): EncryptedTerm {
    if (exponent === 2) return this.multiply(x, x);
    return { ...x, value: this.powers(x.value, [exponent]) };
  }

  /** Element i of x to the power `exponents[i]`: one polynomial with coefficients for each element. */
  powersByElement(x: EncryptedTerm, exponents: Float64Array): EncryptedTerm {
    this.charge(exponents.length * (1 + exponents.reduce((most, e) => Math.max(most, e), 0)));
    return { ...x, value: this.powers(this.valueAs(x, [exponents.length]), exponents) };
  }

  private powers(value: ValueId, exponents: ArrayLike<number>): ValueId {
    const sets = Array.from(exponents);
    const terms = 1 + sets.reduce((most, e) => Math.max(most, e), 0);
    const coefficients = new Constant([sets.length, terms], new Float64Array(sets.length * terms));
    for (const [i, exponent] of sets.entries()) coefficients.values[i * terms + exponent] = 1;
    const attrs = { basis: 'power', coefficients, center: 0, halfWidth: 1 } as const;
    return this.builder.add('polynomial', [value], attrs, this.origins);
  }

  activation(term: Term, kind: ActivationKind, parameters: readonly number[]): Term {
    const attrs = { kind, parameters: [...parameters] };
    if (term.kind === 'constant') {
      this.charge(term.data.length);
      return constant(term.shape, term.data.map(activationFunction(attrs)));
    }
    checkFinite(Float64Array.from(parameters), 'a parameter');
    // The slopes of a prelu go with the first axis, so the value needs its shape; nothing else looks at it.
    const value = parameters.length > 1 && kind === 'prelu' ? this.valueAs(term, term.shape) : term.value;
    return { ...term, value: this.builder.add('activation', [value], attrs, this.origins) };
  }

  /** The roundings of a quantised model; see `quantize` of the tensor level. */
  quantize(term: EncryptedTerm, attrs: TensorNodeNamed<'quantize'>['attrs']): EncryptedTerm {
    return { ...term, value: this.builder.add('quantize', [term.value], attrs, this.origins) };
  }

  /** W x + b with `weights` [m, n]. */
  dense(term: EncryptedTerm, weights: Constant, bias: Float64Array, shape: readonly number[]): EncryptedTerm {
    checkFinite(weights.values, 'a weight');
    checkFinite(bias, 'a bias');
    const attrs = { weights, bias: vector(bias) };
    return { ...term, value: this.builder.add('dense', [term.value], attrs, this.origins), shape };
  }

  /** `conv` of the value seen as `operandShape`, [C, …spatial]; the result in `shape`. */
  conv(
    term: EncryptedTerm,
    operandShape: readonly number[],
    attrs: ConvAttrs,
    shape: readonly number[],
  ): EncryptedTerm {
    checkFinite(attrs.weights.values, 'a weight');
    checkFinite(attrs.bias.values, 'a bias');
    checkedExtents(shape);
    const operand = this.valueAs(term, operandShape);
    return { ...term, value: this.builder.add('conv', [operand], attrs, this.origins), shape };
  }

  /** Counts towards the elements that one import may make. */
  charge(count: number): void {
    this.elements += count;
    if (this.elements > maxTotalElements) {
      throw tooLarge('elements of all tensors that the importer makes', this.elements, maxTotalElements);
    }
  }

  /** The values of operands that must have one type; they keep their own if it is the same already. */
  private alike(terms: readonly EncryptedTerm[], shape: readonly number[]): ValueId[] {
    const types = terms.map(({ value }) => this.builder.typeOf(value));
    const [first = []] = types;
    if (types.every((type) => sameShape(type, first))) return terms.map(({ value }) => value);
    checkedCount(shape);
    return terms.map((term) => this.valueAs(term, shape));
  }
}

function result(terms: readonly EncryptedTerm[], shape: readonly number[]): Omit<EncryptedTerm, 'value'> {
  return { kind: 'encrypted', shape, batched: terms.some(isBatched), elements: elementsOf(terms[0]) };
}

function entry(values: Float64Array, i: number): number {
  return values[values.length === 1 ? 0 : i] ?? 0;
}

/** Where each part begins among all, and the total. */
function starts(parts: readonly Term[]): readonly number[] {
  const offsets = [0];
  for (const { shape } of parts) offsets.push((offsets.at(-1) ?? 0) + elementCount(shape));
  return offsets;
}

/** The elements that come from constants; 0 for all others. */
function pickConstants(parts: readonly Term[], index: Int32Array): Float64Array {
  const offsets = starts(parts);
  const all = new Float64Array(offsets.at(-1) ?? 0);
  for (const [k, part] of parts.entries()) if (part.kind === 'constant') all.set(part.data, offsets[k]);
  return Float64Array.from(index, (source) => all[source] ?? 0);
}

/** `index` with positions among the distinct encrypted operands only; −1 for what comes from a constant. */
function encryptedPositions(parts: readonly Term[], operands: readonly EncryptedTerm[], index: Int32Array): Int32Array {
  const offsets = starts(parts);
  const operandOffsets = starts(operands);
  const positions = new Int32Array(offsets.at(-1) ?? 0).fill(-1);
  for (const [k, part] of parts.entries()) {
    if (part.kind === 'constant') continue;
    const from = operandOffsets[operands.findIndex(({ value }) => value === part.value)] ?? 0;
    const start = offsets[k] ?? 0;
    const end = offsets[k + 1] ?? 0;
    for (let i = start; i < end; i++) positions[i] = from + i - start;
  }
  return index.map((source) => positions[source] ?? -1);
}

function checkFinite(values: Float64Array, what: string): void {
  if (areFinite(values)) return;
  const bad = values.findIndex((x) => !Number.isFinite(x));
  const value = values[bad];
  if (value !== undefined) throw notFinite(`${what} that the model computes from constants`, value, bad);
}
