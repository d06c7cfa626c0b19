/** Random tensor-level modules, and the comparison of two by their values. */
import { elementCount, indexConstant } from '../../../../ir/constant.ts';
import { evaluateTensor } from '../../../../ir/interpret/tensor.ts';
import type { ValueId } from '../../../../ir/op.ts';
import { type SeededRandom, seededRandom } from '../../../../ir/random.ts';
import { TensorBuilder, type TensorModule } from '../../../../ir/tensor/ops.ts';
import { fits, type MakerName, makers, pick, randomVector, values } from './arbitraries.ts';

const linearNames = Object.keys(makers) as [MakerName, ...MakerName[]];
const kinds = ['linear', 'linear', 'linear', 'linear', 'unary', 'sum', 'product', 'concat'] as const;

/** A module of `size` random ops on one or two inputs, every value of which may have several users. */
export function randomModule(seed: number, size: number): TensorModule {
  const random = seededRandom(seed);
  const builder = new TensorBuilder();
  const ids: ValueId[] = [
    builder.add('input', [], { name: 'image', shape: [2, 4, 3] }, []),
    builder.add('input', [], { name: 'vector', shape: [6] }, []),
  ];
  for (let i = 0; i < size; i++) ids.push(randomOp(builder, ids, random));
  builder.add('output', [ids.at(-1) ?? 0], { name: 'last' }, []);
  builder.add('output', [ids[random.integer(0, ids.length - 1)] ?? 0], { name: 'other' }, []);
  return builder.build('random');
}

function randomOp(builder: TensorBuilder, ids: readonly ValueId[], random: SeededRandom): ValueId {
  // Recent values more often: chains are what merges.
  const recent = random.integer(0, 2) > 0 ? Math.max(0, ids.length - 2) : 0;
  const x = ids[random.integer(recent, ids.length - 1)] ?? 0;
  const shape = builder.typeOf(x);
  const equal = ids.filter((id) => builder.typeOf(id).join() === shape.join());
  const other = equal[random.integer(0, equal.length - 1)] ?? x;
  switch (pick(random, kinds)) {
    case 'linear': {
      const name = pick(random, linearNames);
      return makers[fits(name, shape) ? name : 'dense'](builder, x, shape, random);
    }
    case 'unary': {
      if (random.integer(0, 1) === 0) return builder.add('activation', [x], { kind: 'tanh', parameters: [] }, []);
      const coefficients = values(random, [pick(random, [1, shape[0] ?? 1]), random.integer(1, 4)]);
      const basis = pick(random, ['power', 'chebyshev'] as const);
      return builder.add('polynomial', [x], { basis, coefficients, center: 0.25, halfWidth: 3 }, []);
    }
    case 'sum':
      return builder.add('add', random.integer(0, 1) === 0 ? [x, other] : [other, x, other], {}, []);
    case 'product': {
      // Bounded factors, so that rounding stays comparable.
      const bounded = builder.add('activation', [other], { kind: 'tanh', parameters: [] }, []);
      return builder.add('multiply', [x, bounded], {}, []);
    }
    case 'concat': {
      const y = ids[random.integer(0, ids.length - 1)] ?? 0;
      const n = elementCount(shape) + elementCount(builder.typeOf(y));
      const index = Array.from({ length: n }, (_, i) => (random.integer(0, 9) === 0 ? -1 : i));
      return builder.add('gather', [x, y], { index: indexConstant([n], index) }, []);
    }
  }
}

/** Largest difference between the outputs of both on one random sample, over the largest output (at least 1). */
export function relativeDifference(a: TensorModule, b: TensorModule, seed: number): number {
  const random = seededRandom(seed).fork('sample');
  const inputs = new Map<string, Float64Array>();
  for (const node of a.nodes) {
    if (node.op === 'input') inputs.set(node.attrs.name, randomVector(random, elementCount(node.attrs.shape)));
  }
  const want = evaluateTensor(a, inputs);
  const got = evaluateTensor(b, inputs);
  let worst = 0;
  let largest = 1;
  for (const [name, values] of want) {
    const others = got.get(name);
    if (others?.length !== values.length) return Infinity;
    values.forEach((v, i) => {
      worst = Math.max(worst, Math.abs(v - (others[i] ?? Number.NaN)));
      largest = Math.max(largest, Math.abs(v));
    });
  }
  return worst / largest;
}
