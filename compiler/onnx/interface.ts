/** The inputs that a client encrypts: every input of the graph that is no initializer. */
import type { Diagnostic } from '../../ir/diagnostics/diagnostic.ts';
import { badInterfaceType, dynamicAxis, malformedGraph, modelTooLarge } from '../../ir/diagnostics/import.ts';
import type { Port } from '../../ir/interface.ts';
import { elementTypeOf } from './proto/element-types.ts';
import { maxElements, maxRank } from './proto/limits.ts';
import type { OnnxGraph, OnnxInput } from './proto/model.ts';
import type { ElementKind } from './proto/term.ts';

/** The encrypted inputs, and what is wrong with their types. */
export function encryptedInputs(
  graph: OnnxGraph,
  file: string,
): { readonly inputs: readonly Port[]; readonly diagnostics: readonly Diagnostic[] } {
  const constants = new Set(graph.initializers.map(({ name }) => name));
  const diagnostics: Diagnostic[] = [];
  const inputs = graph.inputs
    .filter(({ name }) => !constants.has(name))
    .flatMap((input) => {
      const troubles = troublesOf(input).map((make) => make(file));
      diagnostics.push(...troubles);
      return troubles.length > 0 ? [] : [encryptedInput(input)];
    });
  if (inputs.length === 0 && diagnostics.length === 0) {
    diagnostics.push(malformedGraph({ reason: 'the graph has no inputs' }, { file }));
  }
  return { inputs, diagnostics };
}

/** What ONNX takes the elements of each input for; all are encrypted as reals. */
export function inputKinds({ inputs }: OnnxGraph): ReadonlyMap<string, ElementKind | undefined> {
  return new Map(
    inputs.map(({ name, elementType }) => [
      name,
      elementType === undefined ? undefined : elementTypeOf(elementType)?.kind,
    ]),
  );
}

function encryptedInput({ name, shape = [] }: OnnxInput): Port {
  const hasBatchAxis = typeof shape[0] === 'string';
  return { name, shape: shape.filter((extent) => typeof extent === 'number'), hasBatchAxis };
}

function troublesOf({ name, elementType, shape }: OnnxInput): readonly ((file: string) => Diagnostic)[] {
  const type = elementType === undefined ? undefined : elementTypeOf(elementType);
  if (type === undefined) {
    const found = elementType === undefined ? 'no tensor' : `of element type ${elementType}`;
    return [(file) => badInterfaceType({ name, found }, { file })];
  }
  if (shape === undefined) return [(file) => dynamicAxis({ input: name, axis: -1, label: '' }, { file })];
  const dynamic = shape.flatMap((extent, axis) =>
    typeof extent === 'string' && axis > 0 ? [{ axis, label: extent }] : [],
  );
  const count = shape.reduce<number>((product, extent) => product * (typeof extent === 'number' ? extent : 1), 1);
  const trouble = dynamic.map(
    ({ axis, label }) =>
      (file: string) =>
        dynamicAxis({ input: name, axis, label }, { file }),
  );
  if (shape.length <= maxRank && count <= maxElements) return trouble;
  const what = shape.length > maxRank ? 'axes' : 'elements';
  const [size, limit] = shape.length > maxRank ? [shape.length, maxRank] : [count, maxElements];
  return [...trouble, (file) => modelTooLarge({ what: `${what} of input "${name}"`, size, limit }, { file })];
}
