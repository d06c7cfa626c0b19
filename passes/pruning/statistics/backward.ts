/**
 * Gradients of a tensor module: what an op hands back to its operands. Linear ops apply the transpose of their map;
 * polynomials and activations are differentiated by central differences, exact for squares but for rounding.
 */
import { type LinearMap, linearMapOf } from '../../../ir/tensor/linear-map.ts';
import type { Shape, TensorModule, TensorNode, TensorNodeNamed, TensorOpName } from '../../../ir/tensor/ops.ts';
import { nodeAt } from '../../../ir/module.ts';
import { tensorKernel } from '../../../ir/interpret/tensor.ts';

/** Adds to `into`, one array for each operand, what `gradient` at the result means at the operands. */
type Backward = (
  gradient: Float64Array,
  operands: readonly Float64Array[],
  into: readonly (Float64Array | undefined)[],
) => void;

type Rules = {
  readonly [K in TensorOpName]: (node: TensorNodeNamed<K>, shapes: readonly Shape[], module: TensorModule) => Backward;
};

const nothing: Backward = () => undefined;

const passedOn: Backward = (gradient, _, [target]) => {
  addScaled(target, gradient, () => 1);
};

const rules: Rules = {
  input: () => nothing,
  dense: linear,
  conv: linear,
  sparse: linear,
  gather: ({ attrs }) => gathered(attrs.index.indices),
  'scale-shift': ({ attrs }) => {
    const factors = attrs.factors.values;
    return (gradient, _, [target]) => {
      addScaled(target, gradient, (i) => factors[factors.length === 1 ? 0 : i] ?? 0);
    };
  },
  add: () => (gradient, _, into) => {
    for (const target of into) addScaled(target, gradient, () => 1);
  },
  multiply:
    () =>
    (gradient, [x, y], into) => {
      addScaled(into[0], gradient, (i) => y?.[i] ?? 0);
      addScaled(into[1], gradient, (i) => x?.[i] ?? 0);
    },
  polynomial: slotwise,
  activation: slotwise,
  composite: slotwise,
  // Its slope is zero almost everywhere: the straight-through estimator (Bengio et al., arXiv 1308.3432).
  quantize: () => passedOn,
  refresh: () => passedOn,
  output: ({ attrs: { index } }) => (index === undefined ? passedOn : gathered(index.indices)),
};

/** A module made ready for gradients. */
export class GradientTape {
  private readonly module: TensorModule;
  private readonly backward: readonly Backward[];

  constructor(module: TensorModule) {
    this.module = module;
    this.backward = module.nodes.map((node) =>
      prepare(
        node,
        node.operands.map((id) => nodeAt(module, id).type),
        module,
      ),
    );
  }

  /**
   * The gradient of Σ seeds · outputs at every value, by node, given the values of one sample and an array for each
   * output node. Undefined for values that no seeded output depends on.
   */
  gradients(
    values: readonly Float64Array[],
    seeds: ReadonlyMap<number, Float64Array>,
  ): readonly (Float64Array | undefined)[] {
    const gradients: (Float64Array | undefined)[] = this.module.nodes.map(({ id }) => seeds.get(id));
    for (const { id, operands } of this.module.nodes.toReversed()) {
      const gradient = gradients[id];
      if (gradient === undefined) continue;
      const into = operands.map((operand) => {
        return (gradients[operand] ??= new Float64Array(values[operand]?.length ?? 0));
      });
      this.backward[id]?.(
        gradient,
        operands.map((operand) => values[operand] ?? empty),
        into,
      );
    }
    return gradients;
  }
}

const empty = new Float64Array();

function prepare<K extends TensorOpName>(
  node: TensorNodeNamed<K> & { readonly op: K },
  shapes: readonly Shape[],
  module: TensorModule,
): Backward {
  return rules[node.op](node, shapes, module);
}

/** Of y[i] = x[index[i]], where the index runs over one operand after another. */
function gathered(index: Int32Array): Backward {
  return (gradient, operands, into) => {
    let first = 0;
    for (const [k, target] of into.entries()) {
      const length = operands[k]?.length ?? 0;
      for (let i = 0; i < index.length; i++) {
        const at = (index[i] ?? -1) - first;
        if (target !== undefined && at >= 0 && at < length) target[at] = (target[at] ?? 0) + (gradient[i] ?? 0);
      }
      first += length;
    }
  };
}

function linear(node: TensorNodeNamed<'dense' | 'conv' | 'sparse'>, shapes: readonly Shape[]): Backward {
  const map = linearMapOf(node, shapes);
  return (gradient, _, [target]) => {
    if (target !== undefined) addTransposed(map, gradient, target);
  };
}

/** target += Aᵀ gradient */
function addTransposed(
  { rows, starts, indices, values }: LinearMap,
  gradient: Float64Array,
  target: Float64Array,
): void {
  for (let row = 0; row < rows; row++) {
    const g = gradient[row] ?? 0;
    if (g === 0) continue;
    const end = starts[row + 1] ?? 0;
    for (let k = starts[row] ?? 0; k < end; k++) {
      const column = indices[k] ?? 0;
      target[column] = (target[column] ?? 0) + g * (values[k] ?? 0);
    }
  }
}

/** Of the argument, relative to its size or to one. */
const differenceStep = 1e-5;

function slotwise(node: TensorNode, _: readonly Shape[], module: TensorModule): Backward {
  const kernel = tensorKernel(module, node);
  const noInputs = new Map<string, Float64Array>();
  return (gradient, [x = empty], [target]) => {
    const step = x.map((value) => differenceStep * Math.max(1, Math.abs(value)));
    const above = kernel([x.map((value, i) => value + (step[i] ?? 0))], noInputs);
    const below = kernel([x.map((value, i) => value - (step[i] ?? 0))], noInputs);
    addScaled(target, gradient, (i) => ((above[i] ?? 0) - (below[i] ?? 0)) / (2 * (step[i] ?? 1)));
  };
}

function addScaled(target: Float64Array | undefined, gradient: Float64Array, factor: (i: number) => number): void {
  if (target === undefined) return;
  for (let i = 0; i < gradient.length; i++) target[i] = (target[i] ?? 0) + factor(i) * (gradient[i] ?? 0);
}
