/**
 * Whether what reads a DynamicQuantizeLinear takes its scale out again, so that the importer may read the scale as one.
 *
 * A dimensional analysis: every scale that depends on encrypted values is a unit. Integers come in 1 / unit, beside a zero
 * point; products of integers less their zero points have the product of units, and so has a product with a scale. What
 * adds, compares or outputs values must find them without units.
 */
import type { Diagnostic } from '../../ir/diagnostics/diagnostic.ts';
import { unsupportedForm } from '../../ir/diagnostics/import.ts';
import type { OnnxNode } from './proto/model.ts';

/** The exponent of each dynamic scale in a value, by the node that makes it. */
type Unit = ReadonlyMap<OnnxNode, number>;

/** What the outputs of a DynamicQuantizeLinear need besides their unit. */
interface Quantity {
  readonly unit: Unit;
  /** Of an integer, the zero point that has to be taken off; of a zero point, its own name. */
  readonly zeroPoint?: string;
}

const none: Quantity = { unit: new Map() };

/** H105 for each DynamicQuantizeLinear among `nodes`, which are in order, whose scale stays in what the model computes. */
export function checkDynamicScales(
  nodes: readonly OnnxNode[],
  outputs: readonly string[],
  file: string,
): readonly Diagnostic[] {
  const quantities = new Map<string, Quantity>();
  const misused = new Map<OnnxNode, OnnxNode | undefined>();
  for (const node of nodes) {
    const operands = node.inputs.map((name) => quantities.get(name) ?? none);
    const results = node.opType === 'DynamicQuantizeLinear' ? quantise(node) : resultsOf(node, operands);
    if (results === undefined)
      for (const { unit } of operands) for (const source of unit.keys()) misused.set(source, node);
    for (const [i, name] of node.outputs.entries()) {
      const quantity = results?.[i];
      if (quantity !== undefined && (quantity.unit.size > 0 || quantity.zeroPoint !== undefined))
        quantities.set(name, quantity);
    }
  }
  for (const name of outputs)
    for (const source of quantities.get(name)?.unit.keys() ?? []) misused.set(source, undefined);
  return [...misused].map(([source, user]) => report(source, user, file));
}

function report(source: OnnxNode, user: OnnxNode | undefined, file: string): Diagnostic {
  const by = user === undefined ? 'an output of the model shows' : `${user.opType} uses`;
  return unsupportedForm(
    {
      reason: `the scale depends on encrypted values, and ${by} it otherwise than to undo the quantisation`,
      instead:
        'Quantise statically, with scales from calibration (onnxruntime.quantization.quantize_static), or export the float model.',
    },
    { file, nodes: source.refs },
  );
}

function quantise(node: OnnxNode): readonly Quantity[] {
  const zeroPoint = node.outputs[2] ?? '';
  return [
    { unit: new Map([[node, -1]]), zeroPoint },
    { unit: new Map([[node, 1]]) },
    { unit: new Map([[node, 0]]), zeroPoint },
  ];
}

/** The quantity of each result, or undefined for a node that units must not reach. */
function resultsOf(node: OnnxNode, operands: readonly Quantity[]): readonly Quantity[] | undefined {
  const isPlain = operands.every(({ unit, zeroPoint }) => unit.size === 0 && zeroPoint === undefined);
  if (isPlain) return [];
  switch (node.opType) {
    case 'Cast':
    case 'Flatten':
    case 'Identity':
    case 'Reshape':
    case 'Squeeze':
    case 'Transpose':
    case 'Unsqueeze':
      return operands[0] === undefined ? undefined : [operands[0]];
    case 'Mul':
      return operands.some(({ zeroPoint }) => zeroPoint !== undefined) ? undefined : [productOf(operands)];
    case 'MatMulInteger':
    case 'ConvInteger':
      return centred(node, operands, [0, 2], [1, 3]);
    case 'DequantizeLinear':
      return withoutUnit(centred(node, operands, [0, 2], [1]));
    case 'MatMulIntegerToFloat':
      return withoutUnit(centred(node, operands, [0, 4], [1, 5], [2], [3]));
    default:
      return undefined;
  }
}

/** The product of operands, some with the position of their zero point, which must be that of the integers. */
function centred(
  node: OnnxNode,
  operands: readonly Quantity[],
  ...factors: readonly (readonly [operand: number, zeroPoint?: number])[]
): readonly Quantity[] | undefined {
  const isCentred = factors.every(([i, z]) => {
    const zeroPoint = operands[i]?.zeroPoint;
    return zeroPoint === undefined || (z !== undefined && node.inputs[z] === zeroPoint);
  });
  return isCentred ? [productOf(factors.map(([i]) => operands[i] ?? none))] : undefined;
}

function withoutUnit(results: readonly Quantity[] | undefined): readonly Quantity[] | undefined {
  return results?.every(({ unit }) => unit.size === 0) === true ? results : undefined;
}

function productOf(factors: readonly Quantity[]): Quantity {
  const unit = new Map<OnnxNode, number>();
  for (const factor of factors) {
    for (const [source, exponent] of factor.unit) unit.set(source, (unit.get(source) ?? 0) + exponent);
  }
  return { unit: new Map([...unit].filter(([, exponent]) => exponent !== 0)) };
}
