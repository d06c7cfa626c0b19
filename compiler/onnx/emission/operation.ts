/** One node as its rule sees it: operands as terms, attributes by type, and the emitter. */
import type { Emitter } from './emitter.ts';
import type { ExternalData } from '../proto/external-data.ts';
import { invalid, refused } from '../proto/failure.ts';
import type { Attribute, OnnxNode } from '../proto/model.ts';
import { readNumbers, readTensor } from '../proto/read-tensor.ts';
import { readTexts } from '../proto/read-texts.ts';
import {
  type AnyTerm,
  type ConstantTerm,
  knownIntegers,
  requireConstant,
  scalarOf,
  type Term,
  type TextsTerm,
} from '../proto/term.ts';

/** A rule computes the outputs of a node, in their order; outputs past the end of its result do not exist. */
export type Rule = (op: Operation) => readonly Term[];

export interface OperationContext {
  readonly emit: Emitter;
  readonly external: ExternalData;
}

/** A node with operands of some kinds, and its attributes. */
export class NodeReader<Operand extends AnyTerm> {
  readonly node: OnnxNode;
  protected readonly operands: readonly (Operand | undefined)[];
  protected readonly external: ExternalData;

  /** `operands` has undefined for an operand that the node leaves out. */
  constructor(node: OnnxNode, operands: readonly (Operand | undefined)[], external: ExternalData) {
    this.node = node;
    this.operands = operands;
    this.external = external;
  }

  /** Version of the operator set of its domain. */
  get opset(): number {
    return this.node.version;
  }

  get opType(): string {
    return this.node.opType;
  }

  input(i: number): Operand {
    const term = this.operands[i];
    if (term === undefined) throw invalid(`${this.opType} needs operand ${i}`);
    return term;
  }

  optional(i: number): Operand | undefined {
    return this.operands[i];
  }

  /** All operands of an op that takes any number. */
  inputs(): readonly Operand[] {
    if (this.operands.length === 0) throw invalid(`${this.opType} needs an operand`);
    return this.operands.map((_, i) => this.input(i));
  }

  /** Operand i, which the op can only take as a constant. */
  constant(i: number, what: string): ConstantTerm {
    return requireConstant(this.input(i), what);
  }

  /**
   * Integers that newer operator sets take as operand i and older ones as an attribute; undefined where both are
   * left out.
   */
  integersAt(i: number, attribute: string): readonly number[] | undefined {
    const term = this.operands[i];
    if (term !== undefined) return knownIntegers(term, `the operand ${attribute}`);
    return this.ints(attribute);
  }

  /** A number that newer operator sets take as operand i and older ones as an attribute. */
  numberAt(i: number, attribute: string): number | undefined {
    const term = this.operands[i];
    if (term !== undefined) return scalarOf(term, `the operand ${attribute}`);
    return this.node.attributes.has(attribute) ? this.float(attribute, 0) : undefined;
  }

  int(name: string, fallback: number): number {
    return this.attribute(name, 'int')?.value ?? fallback;
  }

  /** True for any number but 0, as onnxruntime takes it where ONNX allows 0 and 1 and does not check. */
  flag(name: string, fallback: boolean): boolean {
    return this.int(name, fallback ? 1 : 0) !== 0;
  }

  /** True for 1 alone, as onnxruntime takes `keepdims`, `noop_with_empty_axes` and `allowzero`. */
  isOne(name: string, fallback: boolean): boolean {
    return this.int(name, fallback ? 1 : 0) === 1;
  }

  /** A flag for which onnxruntime takes 0 and 1 only. */
  strictFlag(name: string): boolean {
    const value = this.int(name, 0);
    if (value !== 0 && value !== 1) throw invalid(`${name} is ${value}, expected 0 or 1`);
    return value === 1;
  }

  float(name: string, fallback: number): number {
    return this.attribute(name, 'float')?.value ?? fallback;
  }

  string<T extends string>(name: string, values: readonly T[], fallback: T): T {
    const text = this.attribute(name, 'string')?.value ?? fallback;
    const value = values.find((known) => known === text);
    if (value === undefined) throw refused(`${name} is "${text}"`, `Supported are ${values.join(', ')}.`);
    return value;
  }

  ints(name: string): readonly number[] | undefined {
    return this.attribute(name, 'ints')?.value;
  }

  floats(name: string): readonly number[] | undefined {
    return this.attribute(name, 'floats')?.value;
  }

  strings(name: string): readonly string[] | undefined {
    return this.attribute(name, 'strings')?.value;
  }

  /** A text that may be any. */
  text(name: string): string | undefined {
    return this.attribute(name, 'string')?.value;
  }

  tensor(name: string): ConstantTerm | undefined {
    const attribute = this.attribute(name, 'tensor');
    return attribute && readTensor(attribute.value, `attribute "${name}"`, this.external);
  }

  /** A tensor whose numbers may be infinite or NaN. */
  anyNumbers(name: string): ConstantTerm | undefined {
    const attribute = this.attribute(name, 'tensor');
    return attribute && readNumbers(attribute.value, `attribute "${name}"`, this.external);
  }

  /** A tensor of texts or of any numbers, for tables of labels. */
  labels(name: string): ConstantTerm | TextsTerm | undefined {
    const attribute = this.attribute(name, 'tensor');
    const title = `attribute "${name}"`;
    return attribute && (readTexts(attribute.value, title) ?? readNumbers(attribute.value, title, this.external));
  }

  has(name: string): boolean {
    return this.node.attributes.has(name);
  }

  private attribute<T extends Attribute['type']>(name: string, type: T): Extract<Attribute, { type: T }> | undefined {
    const attribute = this.node.attributes.get(name);
    if (attribute === undefined) return undefined;
    if (!hasType(attribute, type)) throw invalid(`attribute ${name} is of type ${attribute.type}, expected ${type}`);
    return attribute;
  }
}

/** A node as the rule of an operator sees it. */
export class Operation extends NodeReader<Term> {
  readonly emit: Emitter;

  constructor(node: OnnxNode, operands: readonly (Term | undefined)[], { emit, external }: OperationContext) {
    super(node, operands, external);
    this.emit = emit;
  }

  /** The same node with other operands and some other attributes, for operators that are another one around these. */
  with(operands: readonly (Term | undefined)[], changes: Readonly<Record<string, Attribute>> = {}): Operation {
    const attributes = new Map([...this.node.attributes, ...Object.entries(changes)]);
    return new Operation({ ...this.node, attributes }, operands, { emit: this.emit, external: this.external });
  }
}

function hasType<T extends Attribute['type']>(a: Attribute, type: T): a is Extract<Attribute, { type: T }> {
  return a.type === type;
}
