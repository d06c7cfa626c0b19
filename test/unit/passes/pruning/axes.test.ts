/** Which elements may change places: what ties them together and what keeps them in place. */
import { describe, expect, test } from 'vitest';

import { Constant, elementCount, indexConstant } from '../../../../ir/constant.ts';
import type { ValueId } from '../../../../ir/op.ts';
import { type Shape, TensorBuilder } from '../../../../ir/tensor/ops.ts';
import { permutableAxes } from '../../../../passes/pruning/orders/permutable-axes.ts';

function filled(shape: Shape): Constant {
  return new Constant(
    shape,
    Float64Array.from({ length: elementCount(shape) }, (_, i) => i + 1),
  );
}

class Network extends TensorBuilder {
  input(shape: Shape, name = 'x'): ValueId {
    return this.add('input', [], { name, shape: [...shape] }, []);
  }

  dense(x: ValueId, rows: number): ValueId {
    return this.add('dense', [x], { weights: filled([rows, elementCount(this.typeOf(x))]), bias: filled([rows]) }, []);
  }

  conv(x: ValueId, outputs: number, groups = 1): ValueId {
    const [channels = 1, ...spatial] = this.typeOf(x);
    const weights = filled([outputs, channels / groups, ...spatial.map(() => 1)]);
    const all = (value: number, times = 1) => Array.from({ length: times * spatial.length }, () => value);
    const geometry = { strides: all(1), pads: all(0, 2), dilations: all(1), groups };
    return this.add('conv', [x], { weights, bias: filled([outputs]), ...geometry }, []);
  }

  gather(operands: readonly ValueId[], shape: Shape, index?: readonly number[]): ValueId {
    const picks = index ?? Array.from({ length: elementCount(shape) }, (_, i) => i);
    return this.add('gather', operands, { index: indexConstant(shape, picks) }, []);
  }

  sets(x: ValueId, sets: number): ValueId {
    return this.add(
      'polynomial',
      [x],
      { basis: 'power', coefficients: filled([sets, 3]), center: 0, halfWidth: 1 },
      [],
    );
  }

  /** `name items` of every axis, with all its names. */
  axes(): string[] {
    return permutableAxes(this.build('network')).axes.map(({ items, origins }) => `${origins.join(' = ')}: ${items}`);
  }
}

describe('permutable axes', () => {
  test('are the rows of dense layers and the elements of inputs that they read', () => {
    const network = new Network();
    network.dense(network.dense(network.input([1, 2, 3]), 5), 4);
    expect(network.axes()).toEqual(['input:x: 6', 'rows:0: 5', 'rows:1: 4']);
  });

  test('of a convolution are channels, which move as blocks through a flatten', () => {
    const network = new Network();
    const conv = network.conv(network.input([3, 2, 2]), 5);
    const flat = network.gather([conv], [20]);
    network.dense(flat, 4);
    expect(network.axes()).toEqual(['input:x: 3', 'rows:0: 5', 'rows:1: 4']);
    expect(permutableAxes(network.build('network')).values[flat]).toEqual([{ axis: 1, length: 20 }]);
  });

  test('of a dense layer that is reshaped for a convolution are its channels', () => {
    const network = new Network();
    const image = network.gather([network.dense(network.input([6]), 12)], [3, 2, 2]);
    network.conv(image, 2);
    expect(network.axes()).toEqual(['input:x: 6', 'rows:0: 3', 'rows:1: 2']);
  });

  test('are tied by sums, whichever way the terms were computed', () => {
    const network = new Network();
    const first = network.dense(network.input([6]), 12);
    const flat = network.gather([network.conv(network.input([1, 3], 'z'), 4)], [12]);
    network.add('add', [first, network.sets(first, 1), flat], {}, []);
    // A channel of the convolution has 3 elements.
    expect(network.axes()).toEqual(['input:x: 6', 'rows:0 = rows:1: 4']);
  });

  test('of a depthwise convolution are those of its operand', () => {
    const network = new Network();
    const x = network.conv(network.input([1, 4]), 3);
    const y = network.conv(x, 6, 3);
    expect(network.axes()).toEqual(['rows:0: 3']);
    expect(permutableAxes(network.build('network')).values[y]).toEqual([{ axis: 0, length: 24 }]);
  });

  test('of other groups stay', () => {
    const network = new Network();
    network.conv(network.conv(network.input([2, 4]), 4), 4, 2);
    expect(network.axes()).toEqual(['input:x: 2']);
  });

  test('are coarser where polynomials differ between channels', () => {
    const network = new Network();
    network.sets(network.gather([network.dense(network.input([2]), 12)], [4, 3]), 4);
    expect(network.axes()).toEqual(['input:x: 2', 'rows:0: 4']);
  });

  test('go through concatenations, and through crops of every channel', () => {
    const network = new Network();
    const x = network.input([2]);
    const joined = network.gather([network.dense(x, 3), network.dense(x, 4)], [8], [3, 4, 5, 6, -1, 0, 1, 2]);
    const cropped = network.gather([network.conv(network.input([1, 3], 'z'), 2)], [2, 2], [0, 1, 3, 4]);
    expect(network.axes()).toEqual(['input:x: 2', 'rows:0: 3', 'rows:1: 4', 'rows:2: 2']);
    const { values } = permutableAxes(network.build('network'));
    expect(values[joined]).toEqual([
      { axis: 2, length: 4 },
      { axis: -1, length: 1 },
      { axis: 1, length: 3 },
    ]);
    expect(values[cropped]).toEqual([{ axis: 3, length: 4 }]);
  });

  test('stay where something picks single elements, or parts do not match', () => {
    const network = new Network();
    const x = network.input([2]);
    const [a, b, c] = [network.dense(x, 3), network.dense(x, 5), network.dense(x, 8)];
    network.gather([a], [2], [2, 0]);
    network.add('add', [network.gather([b, b], [10]), network.gather([c, x], [10])], {}, []);
    expect(network.axes()).toEqual([]);
  });
});
