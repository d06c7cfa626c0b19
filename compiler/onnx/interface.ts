/** The inputs of the model: every input of the graph that is no initializer. */
import type { Diagnostic } from '../../ir/diagnostics/diagnostic.ts';
import { badInterfaceType, dynamicAxis, malformedGraph, modelTooLarge } from '../../ir/diagnostics/import.ts';
import type { ClientElements, ModelPort } from '../../ir/interface.ts';
import { elementTypeOf, textType } from './proto/element-types.ts';
import { maxElements, maxRank } from './proto/limits.ts';
import type { OnnxGraph, OnnxInput } from './proto/model.ts';

export interface GraphInputs {
  readonly inputs: readonly ModelPort[];
  /** What is wrong with their types. */
  readonly diagnostics: readonly Diagnostic[];
  /** What is wrong with batch axes that are not the first, unless samples turn out to be independent along them. */
  readonly inside: readonly Diagnostic[];
}

/** The inputs, of which each may have one dynamic axis. */
export function inputsOf(graph: OnnxGraph, file: string): GraphInputs {
  const constants = new Set(graph.initializers.map(({ name }) => name));
  const encrypted = graph.inputs.filter(({ name }) => !constants.has(name));
  const mayBeInside = haveOneAxis(encrypted);
  const diagnostics: Diagnostic[] = [];
  const inside: Diagnostic[] = [];
  const inputs = encrypted.flatMap((input) => {
    const moved = dynamicAxes(input)
      .filter(({ axis }) => axis > 0)
      .map(({ axis, label }) => dynamicAxis({ input: input.name, axis, label }, { file }));
    (mayBeInside ? inside : diagnostics).push(...moved);
    const troubles = troublesOf(input).map((make) => make(file));
    diagnostics.push(...troubles);
    return troubles.length > 0 ? [] : [inputOf(input)];
  });
  if (inputs.length === 0 && diagnostics.length === 0) {
    diagnostics.push(malformedGraph({ reason: 'the graph has no inputs' }, { file }));
  }
  return { inputs, diagnostics, inside };
}

function inputOf(input: OnnxInput): ModelPort {
  const { name, elementType, shape = [] } = input;
  const [batch] = dynamicAxes(input);
  return {
    name,
    shape: shape.filter((extent) => typeof extent === 'number'),
    hasBatchAxis: batch !== undefined,
    elements: elementsOf(elementType) ?? 'real',
    ...(batch !== undefined && batch.axis > 0 && { batchAxis: batch.axis }),
  };
}

function dynamicAxes({ shape = [] }: OnnxInput): readonly { readonly axis: number; readonly label: string }[] {
  return shape.flatMap((extent, axis) => (typeof extent === 'string' ? [{ axis, label: extent }] : []));
}

/** Whether no input has two dynamic axes, and all have the same name, so that wherever they stand they are the batch. */
function haveOneAxis(inputs: readonly OnnxInput[]): boolean {
  const axes = inputs.map(dynamicAxes);
  return axes.every(({ length }) => length <= 1) && new Set(axes.flat().map(({ label }) => label)).size <= 1;
}

function troublesOf({ name, elementType, shape }: OnnxInput): readonly ((file: string) => Diagnostic)[] {
  if (elementsOf(elementType) === undefined) {
    const found = elementType === undefined ? 'no tensor' : `of element type ${elementType}`;
    return [(file) => badInterfaceType({ name, found }, { file })];
  }
  if (shape === undefined) return [(file) => dynamicAxis({ input: name, axis: -1, label: '' }, { file })];
  const count = shape.reduce<number>((product, extent) => product * (typeof extent === 'number' ? extent : 1), 1);
  if (shape.length <= maxRank && count <= maxElements) return [];
  const what = shape.length > maxRank ? 'axes' : 'elements';
  const [size, limit] = shape.length > maxRank ? [shape.length, maxRank] : [count, maxElements];
  return [(file) => modelTooLarge({ what: `${what} of input "${name}"`, size, limit }, { file })];
}

function elementsOf(elementType: number | undefined): ClientElements | undefined {
  if (elementType === textType) return 'string';
  const kind = elementType === undefined ? undefined : elementTypeOf(elementType)?.kind;
  return kind === 'float' ? 'real' : kind;
}
