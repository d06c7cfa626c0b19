/**
 * Activations that exporters write out as several nodes, put back together: x · Sigmoid(x), x · HardSigmoid(x) and
 * x · ½ · (1 + Erf(x / √2)). Approximating the whole is one polynomial instead of a product with one.
 */
import type { Attribute, OnnxNode } from '../proto/model.ts';

/** What the patterns look at besides the nodes. */
export interface PatternContext {
  /** The node that computes a value. */
  readonly producer: (name: string) => OnnxNode | undefined;
  /** The number that a name stands for, where it is a constant of one element. */
  readonly scalar: (name: string) => number | undefined;
}

interface Match {
  readonly opType: string;
  readonly operand: string;
  readonly inner: readonly OnnxNode[];
}

/** `node`, or the one operator that it computes together with the nodes before it. */
export function recognizePattern(node: OnnxNode, context: PatternContext): OnnxNode {
  if (node.opType !== 'Mul' || node.inputs.length !== 2) return node;
  for (const { factors, through } of factorings(node, context)) {
    const match = matchSigmoid(factors, context) ?? matchGelu(factors, context);
    if (match === undefined) continue;
    const refs = [...match.inner, ...through, node].flatMap((inner) => inner.refs);
    return { ...node, refs, opType: match.opType, inputs: [match.operand], attributes: new Map<string, Attribute>() };
  }
  return node;
}

/** The product as two factors, and as three where one of them is a product itself. */
function factorings({ inputs }: OnnxNode, { producer }: PatternContext) {
  const [a = '', b = ''] = inputs;
  const found: { factors: readonly string[]; through: readonly OnnxNode[] }[] = [{ factors: [a, b], through: [] }];
  for (const [split, other] of [
    [a, b],
    [b, a],
  ] as const) {
    const inner = producer(split);
    if (inner?.opType === 'Mul') found.push({ factors: [...inner.inputs, other], through: [inner] });
  }
  return found;
}

function matchSigmoid(factors: readonly string[], { producer }: PatternContext): Match | undefined {
  if (factors.length !== 2) return undefined;
  for (const name of factors) {
    const gate = producer(name);
    const operand = factors.find((other) => other !== name);
    if (gate === undefined || operand === undefined || gate.inputs[0] !== operand) continue;
    if (gate.opType === 'Sigmoid') return { opType: 'Swish', operand, inner: [gate] };
    const isSwish = near(number(gate, 'alpha'), 1 / 6) && near(number(gate, 'beta') ?? 0.5, 0.5);
    if (gate.opType === 'HardSigmoid' && isSwish) return { opType: 'HardSwish', operand, inner: [gate] };
  }
  return undefined;
}

function matchGelu(factors: readonly string[], context: PatternContext): Match | undefined {
  const half = factors.findIndex((name) => near(context.scalar(name), 0.5));
  if (factors.length !== 3 || half < 0) return undefined;
  const others = factors.filter((_, i) => i !== half);
  for (const [gate, operand] of [others, others.toReversed()]) {
    const inner = gate !== undefined && operand !== undefined ? normalCdf(gate, operand, context) : undefined;
    if (inner !== undefined && operand !== undefined) return { opType: 'Gelu', operand, inner };
  }
  return undefined;
}

/** The nodes of 1 + Erf(x / √2), if `name` is that. */
function normalCdf(name: string, x: string, { producer, scalar }: PatternContext): readonly OnnxNode[] | undefined {
  const add = producer(name);
  if (add?.opType !== 'Add' || !add.inputs.some((input) => near(scalar(input), 1))) return undefined;
  const erf = add.inputs.map(producer).find((node) => node?.opType === 'Erf');
  const scale = producer(erf?.inputs[0] ?? '');
  if (erf === undefined || scale === undefined) return undefined;
  const [a = '', b = ''] = scale.inputs;
  const divided = scale.opType === 'Div' && a === x && near(scalar(b), Math.SQRT2);
  const other = a === x ? b : b === x ? a : '';
  const multiplied = scale.opType === 'Mul' && near(scalar(other), Math.SQRT1_2);
  return divided || multiplied ? [scale, erf, add] : undefined;
}

function number(node: OnnxNode, attribute: string): number | undefined {
  const found = node.attributes.get(attribute);
  return found?.type === 'float' ? found.value : undefined;
}

/** Equal to the precision of a float. */
function near(x: number | undefined, expected: number): boolean {
  return x !== undefined && Math.abs(x - expected) < 1e-6;
}
