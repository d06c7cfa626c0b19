/** Networks of tensor ops that are small enough to try every plan for them. */
import { Constant, elementCount, vector } from '../../ir/constant.ts';
import { TensorBuilder, type TensorModule } from '../../ir/tensor/ops.ts';
import type { ImportedGraph } from '../../compiler/simplify.ts';
import { randomVector } from './arbitrary-maps.ts';

export function dense(builder: TensorBuilder, x: number, rows: number): number {
  const columns = elementCount(builder.typeOf(x));
  const values = randomVector(rows * columns, 31 * rows + columns).map((w) => w / Math.sqrt(columns));
  const attrs = { weights: new Constant([rows, columns], values), bias: vector(randomVector(rows, rows)) };
  return builder.add('dense', [x], attrs, [{ name: `dense${x}`, opType: 'Gemm', output: `d${x}` }]);
}

function square(builder: TensorBuilder, x: number): number {
  return builder.add('multiply', [x, x], {}, [{ name: `square${x}`, opType: 'Mul', output: `s${x}` }]);
}

/** Dense layers of these sizes, with squares between them. */
export function denseChain([inputs = 1, ...sizes]: readonly number[]): TensorModule {
  const builder = new TensorBuilder();
  let x = builder.add('input', [], { name: 'x', shape: [inputs] }, []);
  for (const [k, size] of sizes.entries()) {
    if (k > 0) x = square(builder, x);
    x = dense(builder, x, size);
  }
  builder.add('output', [x], { name: 'y' }, []);
  return builder.build('chain');
}

/** y = D(x + B(A x)²) after a first layer: two values live at once. */
export function residual(inputs: number, width: number, outputs: number): TensorModule {
  const builder = new TensorBuilder();
  const first = dense(builder, builder.add('input', [], { name: 'x', shape: [inputs] }, []), width);
  const inner = dense(builder, square(builder, dense(builder, first, width + 1)), width);
  const sum = builder.add('add', [first, inner], {}, []);
  builder.add('output', [dense(builder, square(builder, sum), outputs)], { name: 'y' }, []);
  return builder.build('residual');
}

/** The network with the ports that a model would give it. */
export function graphOf(module: TensorModule): ImportedGraph {
  const ports = (op: 'input' | 'output') =>
    module.nodes.flatMap((node) =>
      node.op === op ? [{ name: node.attrs.name, shape: [...node.type], hasBatchAxis: true }] : [],
    );
  return { module, inputs: ports('input'), outputs: ports('output') };
}

/** Samples in [0, 1] for the input x. */
export function samplesOf(module: TensorModule, count: number): Map<string, Float64Array>[] {
  const size = elementCount(module.nodes.find(({ op }) => op === 'input')?.type ?? []);
  return Array.from(
    { length: count },
    (_, k) => new Map([['x', Float64Array.from(randomVector(size, 1000 + k), (value) => (value + 1) / 2)]]),
  );
}
