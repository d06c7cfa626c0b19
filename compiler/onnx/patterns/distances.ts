/**
 * Distances as scikit-learn's exporter writes them: a Scan over the rows of one matrix, whose body takes the squared distances of
 * a row to all rows of the other one, and a Transpose of what it stacks. That is the operator CDist.
 */
import type { PatternContext } from './activations.ts';
import type { Attribute, OnnxGraph, OnnxNode } from '../proto/model.ts';

/** The CDist that a Transpose completes; undefined where it does not. */
export function recognizeDistances(node: OnnxNode, { producer, scalar }: PatternContext): OnnxNode | undefined {
  if (node.opType !== 'Transpose' || !isSwap(node.attributes.get('perm'))) return undefined;
  const [stacked = ''] = node.inputs;
  const scan = producer(stacked);
  if (scan?.domain !== '' || scan.opType !== 'Scan' || scan.outputs[1] !== stacked || scan.inputs.length !== 2)
    return undefined;
  const body = scan.attributes.get('body');
  if (body?.type !== 'graph' || body.value === undefined || !runsForward(scan)) return undefined;
  if (!takesDistances(body.value, scalar)) return undefined;
  return {
    ...node,
    refs: [...scan.refs, ...node.refs],
    domain: 'com.microsoft',
    opType: 'CDist',
    version: 1,
    inputs: scan.inputs,
    attributes: new Map<string, Attribute>([['metric', { type: 'string', value: 'sqeuclidean' }]]),
  };
}

function isSwap(perm: Attribute | undefined): boolean {
  return perm === undefined || (perm.type === 'ints' && perm.value.join() === '1,0');
}

/** Whether one operand is scanned, along the first axis, from its first row on. */
function runsForward({ attributes }: OnnxNode): boolean {
  const count = attributes.get('num_scan_inputs');
  if (count?.type !== 'int' || count.value !== 1) return false;
  return [...attributes].every(
    ([name, attribute]) =>
      ['body', 'num_scan_inputs'].includes(name) ||
      (attribute.type === 'ints' && attribute.value.every((x) => x === 0)),
  );
}

/** Whether the body hands its state on and gives Σ (state − row)² over the last axis. */
function takesDistances({ inputs, outputs, nodes }: OnnxGraph, scalar: PatternContext['scalar']): boolean {
  const producers = new Map(nodes.flatMap((inner) => inner.outputs.map((name) => [name, inner] as const)));
  // As many steps as there are nodes at most: names may run in a circle.
  const originOf = (name: string): string =>
    nodes.reduce((origin) => {
      const inner = producers.get(origin);
      return inner?.opType === 'Identity' ? (inner.inputs[0] ?? '') : origin;
    }, name);
  const [state, row] = inputs.map(({ name }) => name);
  const [next, result] = outputs;
  if (inputs.length !== 2 || outputs.length !== 2 || next === undefined || result === undefined) return false;
  if (originOf(next) !== state) return false;
  const total = producers.get(originOf(result));
  const difference = producers.get(originOf(total?.inputs[0] ?? ''));
  if (total?.opType !== 'ReduceSumSquare' || difference?.opType !== 'Sub') return false;
  const operands = difference.inputs.map(originOf);
  return operands.length === 2 && operands.includes(state) && operands.includes(row ?? '') && sumsRows(total, scalar);
}

/** Whether a reduction of a matrix is over the last axis, which goes. */
function sumsRows({ attributes, inputs }: OnnxNode, scalar: PatternContext['scalar']): boolean {
  const [axes, keepdims] = [attributes.get('axes'), attributes.get('keepdims')];
  const given = axes?.type === 'ints' && axes.value.length === 1 ? axes.value[0] : scalar(inputs[1] ?? '');
  return (given === 1 || given === -1) && keepdims?.type === 'int' && keepdims.value === 0;
}
