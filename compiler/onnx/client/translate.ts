/**
 * Operators at the client by their rules for encrypted values: the rule runs on stand-ins, and what it emits is read as
 * steps, op by op. So everything that moves elements about or computes with single ones is the client's as well, and no rule
 * is written twice. Ops with weights are left out: these are the server's.
 */
import type { Constant } from '../../../ir/constant.ts';
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { activationSets } from '../../../ir/interpret/activations.ts';
import type { ValueId } from '../../../ir/op.ts';
import type { TensorModule, TensorNode, TensorNodeNamed } from '../../../ir/tensor/ops.ts';
import { Emitter } from '../emission/emitter.ts';
import { Operation, type Rule } from '../emission/operation.ts';
import type { ExternalData } from '../proto/external-data.ts';
import type { OnnxNode } from '../proto/model.ts';
import type { AnyTerm, ClientTerm, Term } from '../proto/term.ts';
import type { StepEmitter } from './step-emitter.ts';

/** What a rule emits for stand-ins of the operands. */
export interface Translation {
  /** Whether elements are picked, repeated and joined only. */
  readonly moves: boolean;
  /** Whether it takes weights, which clients do not have. */
  readonly hasWeights: boolean;
  /** Appends the steps; the results of the node, those that are constant as they are. */
  readonly apply: () => readonly AnyTerm[];
}

/** `operands` are constants of numbers and terms of the stage of `steps`. Throws `ImportFailure` where the rule does. */
export function translate(
  rule: Rule,
  node: OnnxNode,
  operands: readonly (AnyTerm | undefined)[],
  { steps, external }: { readonly steps: StepEmitter; readonly external: ExternalData },
): Translation {
  const emit = new Emitter();
  emit.origins = node.refs;
  const standIns = new Map<ValueId, { readonly term: Term; readonly of: ClientTerm }>();
  const terms = operands.map((operand): Term | undefined => {
    if (operand === undefined || operand.kind === 'constant' || operand.kind === 'encrypted') return operand;
    const client = operand.kind === 'texts' ? steps.constant(operand) : operand;
    const known = [...standIns.values()].find(({ of }) => of.value === client.value);
    const term = known?.term ?? emit.input(`operand ${standIns.size}`, client.shape, client.batched);
    if (term.kind === 'encrypted') standIns.set(term.value, { term, of: client });
    return term;
  });
  const results = rule(new Operation(node, terms, { emit, external }));
  const module = emit.builder.build(node.opType);
  const used = needed(
    module,
    results.flatMap((term) => (term.kind === 'encrypted' ? [term.value] : [])),
  );
  const whole = [...standIns.values()].every(({ of }) => of.elements === 'integer' || of.elements === 'boolean');
  return {
    moves: used.every(({ op }) => op === 'input' || op === 'gather'),
    hasWeights: used.some((each) => each.op !== 'input' && !isStep(each)),
    apply: () => {
      const values = new Map<ValueId, ClientTerm>();
      for (const each of used) {
        const stand = standIns.get(each.id)?.of;
        const reading = { operands: each.operands.map((id) => valueAt(values, id)), steps, whole };
        if (stand !== undefined) values.set(each.id, stand);
        else if (isStep(each)) values.set(each.id, stepsOf(each, reading));
      }
      return results.map((term) => {
        if (term.kind === 'constant') return term;
        const value = valueAt(values, term.value);
        return { ...steps.reshape(value, term.shape), batched: term.batched };
      });
    },
  };
}

/** The nodes that these values depend on, in order. */
function needed(module: TensorModule, values: readonly ValueId[]): readonly TensorNode[] {
  const live = new Set(values);
  for (const node of module.nodes.toReversed()) if (live.has(node.id)) for (const id of node.operands) live.add(id);
  return module.nodes.filter(({ id }) => live.has(id));
}

function valueAt(values: ReadonlyMap<ValueId, ClientTerm>, id: ValueId): ClientTerm {
  const value = values.get(id);
  if (value === undefined) throw new InternalError(`%${id} is no value of the client's`);
  return value;
}

type StepNode = Exclude<TensorNode, WeightNode>;
type WeightNode = TensorNodeNamed<'dense' | 'conv' | 'sparse' | 'input' | 'output'>;

interface Reading {
  readonly operands: readonly ClientTerm[];
  readonly steps: StepEmitter;
  /** Whether all operands of the operator are integers, so that its result is. */
  readonly whole: boolean;
}

/** A node of the tensor level as steps. */
export function stepsOf(node: StepNode, { operands, steps, whole }: Reading): ClientTerm {
  const [x] = operands;
  if (x === undefined) throw new InternalError(`a ${node.op} without operands`);
  switch (node.op) {
    case 'gather':
      return gathered(operands, node.attrs.index, steps);
    case 'scale-shift': {
      const { factors, offsets } = node.attrs;
      const scaled = isAll(factors, 1) ? x : steps.binary('multiply', x, literal(steps, factors, x));
      const shifted = isAll(offsets, 0) ? scaled : steps.binary('add', scaled, literal(steps, offsets, x));
      return whole && isWhole(factors) && isWhole(offsets) ? steps.cast(shifted, 'integer') : shifted;
    }
    case 'add':
      return operands.slice(1).reduce((sum, term) => steps.binary('add', sum, term), x);
    case 'multiply':
      return operands.slice(1).reduce((product, term) => steps.binary('multiply', product, term), x);
    case 'polynomial':
      return polynomialOf(x, Array.from(node.attrs.coefficients.values), steps);
    case 'composite':
    case 'refresh':
      throw new InternalError(`the importer emits no ${node.op}`);
    case 'activation':
      return steps.apply('activation', steps.cast(x, 'real'), node.attrs);
    case 'quantize': {
      const { lowest, highest } = node.attrs;
      const rounded = steps.unary('round-half-even', x);
      return steps.binary('minimum', steps.binary('maximum', rounded, steps.number(lowest)), steps.number(highest));
    }
  }
}

function gathered(operands: readonly ClientTerm[], { shape, indices }: Constant, steps: StepEmitter): ClientTerm {
  const kinds = new Set(operands.map(({ elements }) => elements));
  const parts = kinds.size === 1 ? operands : operands.map((operand) => steps.cast(operand, 'real'));
  return steps.gather(parts, shape, indices);
}

/** What rules emit is mostly a power; whole ones of whole numbers stay whole. */
function polynomialOf(x: ClientTerm, coefficients: readonly number[], steps: StepEmitter): ClientTerm {
  const degree = coefficients.findLastIndex((c) => c !== 0);
  if (coefficients.filter((c) => c !== 0).length === 1 && coefficients[degree] === 1)
    return steps.binary('power', x, steps.literal([], x.elements === 'real' ? 'real' : 'integer', [degree]));
  return coefficients.reduceRight<ClientTerm>(
    (sum, c) => steps.binary('add', steps.binary('multiply', sum, x), steps.number(c)),
    steps.number(0),
  );
}

/** Whether a client can have what the node computes: it takes no weights, and one function serves all elements. */
export function isStep(node: TensorNode): node is StepNode {
  switch (node.op) {
    case 'dense':
    case 'conv':
    case 'sparse':
    case 'input':
    case 'output':
      return false;
    case 'polynomial':
      return node.attrs.basis === 'power' && node.attrs.coefficients.shape[0] === 1;
    case 'composite':
    case 'refresh':
      return false;
    case 'activation':
      return activationSets(node.attrs) === 1;
    case 'quantize':
      return node.attrs.steps === 'one';
    case 'gather':
    case 'scale-shift':
    case 'add':
    case 'multiply':
      return true;
  }
}

function literal(steps: StepEmitter, { values }: Constant, like: ClientTerm): ClientTerm {
  const shape = values.length === 1 ? [] : like.shape;
  return steps.literal(shape, 'real', Array.from(values));
}

function isAll({ values }: Constant, value: number): boolean {
  return values.every((x) => x === value);
}

function isWhole({ values }: Constant): boolean {
  return values.every(Number.isInteger);
}
