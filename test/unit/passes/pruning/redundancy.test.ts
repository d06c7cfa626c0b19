/** The order in which neurons can go: whatever the others can say for them goes first. */
import { describe, expect, test } from 'vitest';

import { Constant, vector } from '../../../../ir/constant.ts';
import { seededRandom } from '../../../../ir/random.ts';
import { TensorBuilder, type TensorModule } from '../../../../ir/tensor/ops.ts';
import { neuronsOf } from '../../../../passes/pruning/neurons/neurons.ts';
import { removalOrder } from '../../../../passes/pruning/neurons/redundancy.ts';

const random = seededRandom(7);
const normals = (length: number): Float64Array => Float64Array.from({ length }, () => random.gaussian());

/** Two dense layers; the hidden ones are `rows`. */
function network(rows: readonly (readonly number[])[], outgoing: Float64Array): TensorModule {
  const hidden = rows.length;
  const inputs = rows[0]?.length ?? 0;
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [inputs] }, []);
  const w = new Constant([hidden, inputs], Float64Array.from(rows.flat()));
  const h = builder.add('dense', [x], { weights: w, bias: vector(new Float64Array(hidden)) }, []);
  const v = new Constant([outgoing.length / hidden, hidden], outgoing);
  const y = builder.add('dense', [h], { weights: v, bias: vector(new Float64Array(outgoing.length / hidden)) }, []);
  builder.add('output', [y], { name: 'y' }, []);
  return builder.build('two layers');
}

const samples = Array.from({ length: 400 }, () => new Map([['x', normals(3)]]));

describe('removalOrder', () => {
  test('takes a neuron first that others add up to, however large it is', () => {
    const module = network(
      [
        [1, 0, 0],
        [0, 1, 0],
        [5, 5, 0],
        [0, 0, 1],
      ],
      Float64Array.of(1, 1, 10, 1, 1, -1, 10, 1),
    );
    const order = removalOrder(module, neuronsOf(module), 1, samples);
    const neurons = neuronsOf(module).layers.get(1)?.fed ?? new Int32Array();
    // Of the three that depend on each other one goes for nothing; the fourth never does.
    const turns = Array.from(neurons, (neuron) => order?.get(neuron));
    expect(turns.toSorted()).toEqual([0, 1, 2, 3]);
    expect(turns[3]).toBeGreaterThan(0);
    expect(turns.slice(0, 3)).toContain(0);
  });

  test('takes what varies least of neurons that know nothing of each other', () => {
    const module = network(
      [
        [3, 0, 0],
        [0, 1, 0],
        [0, 0, 2],
      ],
      Float64Array.of(1, 1, 1),
    );
    const order = removalOrder(module, neuronsOf(module), 1, samples);
    const neurons = neuronsOf(module).layers.get(1)?.fed ?? new Int32Array();
    expect(Array.from(neurons, (neuron) => order?.get(neuron))).toEqual([2, 0, 1]);
  });

  test('says nothing of neurons that two layers read', () => {
    const builder = new TensorBuilder();
    const x = builder.add('input', [], { name: 'x', shape: [3] }, []);
    const dense = (operand: number) =>
      builder.add('dense', [operand], { weights: new Constant([3, 3], normals(9)), bias: vector([0, 0, 0]) }, []);
    const h = dense(x);
    const sum = builder.add('add', [dense(h), dense(h)], {}, []);
    builder.add('output', [sum], { name: 'y' }, []);
    const module = builder.build('two readers');
    expect(removalOrder(module, neuronsOf(module), 1, samples)).toBeUndefined();
  });
});
