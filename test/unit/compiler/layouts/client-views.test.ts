/** What the client picks of an input costs no more than an input: whatever kernel reads it has it packed as it likes. */
import { expect, test } from 'vitest';

import { chooseLayouts } from '../../../../compiler/layouts/choose-layouts.ts';
import { clientView } from '../../../../compiler/layouts/client-views.ts';
import { defaultCosts } from '../../../../compiler/layouts/cost.ts';
import { networkDepth } from '../../../../compiler/layouts/network-depth.ts';
import { lowerToTile } from '../../../../compiler/lowering/to-tile.ts';
import { Constant, elementCount, indexConstant, vector } from '../../../../ir/constant.ts';
import { evaluateTensor } from '../../../../ir/interpret/tensor.ts';
import { evaluateTile } from '../../../../ir/interpret/tile.ts';
import { seededRandom } from '../../../../ir/random.ts';
import { TensorBuilder, type TensorModule } from '../../../../ir/tensor/ops.ts';
import { randomVector } from '../../../support/arbitrary-maps.ts';
import { networkSamples } from '../../../support/arbitrary-networks.ts';
import { largestDifference } from '../../../support/seeded-inputs.ts';

/** What reads the image, here [1, 12, 12]. */
type Reader = (builder: TensorBuilder, image: number) => number;

const readers: Readonly<Record<string, Reader>> = {
  'a convolution': (builder, image) => {
    const geometry = { strides: [2, 2], pads: [1, 0, 0, 1], dilations: [1, 1], groups: 1 };
    const weights = new Constant([4, 1, 3, 3], randomVector(36, 1));
    return builder.add('conv', [image], { weights, bias: vector(randomVector(4, 2)), ...geometry }, []);
  },
  'a dense layer': (builder, image) => {
    const weights = new Constant([20, 144], randomVector(20 * 144, 3));
    return builder.add('dense', [image], { weights, bias: vector(randomVector(20, 4)) }, []);
  },
  'a square': (builder, image) => builder.add('multiply', [image, image], {}, []),
};

function network(read: Reader, index: Int32Array | undefined): TensorModule {
  const builder = new TensorBuilder();
  const size = index === undefined ? [1, 12, 12] : [200];
  const input = builder.add('input', [], { name: 'x', shape: size }, []);
  const reversed = (id: number) => {
    const n = elementCount(builder.typeOf(id));
    const back = Int32Array.from({ length: n }, (_, e) => n - 1 - e);
    return builder.add('gather', [id], { index: indexConstant([n], back) }, []);
  };
  // A gather of a gather is one, too.
  const image =
    index === undefined
      ? input
      : builder.add('gather', [reversed(input)], { index: indexConstant([1, 12, 12], index) }, []);
  builder.add('output', [read(builder, image)], { name: 'y' }, []);
  return builder.build('network');
}

const random = seededRandom(7);
const picks = Int32Array.from({ length: 144 }, (_, e) => (e % 10 === 3 ? -1 : random.integer(0, 199)));

test.each(Object.entries(readers))('%s', (_, read) => {
  const [plain, picked] = [network(read, undefined), network(read, picks)];
  expect(networkDepth(picked).depth).toBe(networkDepth(plain).depth);
  for (const virtualSlots of [64, 1024]) {
    const slots = { virtualSlots, batchTile: 2 };
    const choice = chooseLayouts(picked, slots, defaultCosts);
    expect(choice.cost).toBe(chooseLayouts(plain, slots, defaultCosts).cost);
    const tile = lowerToTile(picked, choice);
    expect(tile.nodes.filter(({ op }) => op === 'linear').length).toBeLessThanOrEqual(1);
    const samples = networkSamples(picked, 2, 5);
    const difference = largestDifference(
      samples.map((sample) => evaluateTile(tile, sample)),
      samples.map((sample) => evaluateTensor(picked, sample)),
    );
    expect(difference).toBeLessThan(1e-12);
  }
});

test('what a client can pick, and what not', () => {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [3] }, []);
  const once = builder.add('gather', [x], { index: indexConstant([4], [2, -1, 0, 2]) }, []);
  const twice = builder.add('gather', [once], { index: indexConstant([2, 2], [3, 1, -1, 2]) }, []);
  const both = builder.add('gather', [x, x], { index: indexConstant([2], [0, 3]) }, []);
  const square = builder.add('multiply', [x, x], {}, []);
  const computed = builder.add('gather', [square], { index: indexConstant([1], [0]) }, []);
  builder.add('output', [computed], { name: 'y' }, []);
  const module = builder.build('views');
  const indexOf = (id: number) => clientView(module, id)?.index;
  expect(indexOf(x)).toEqual(Int32Array.of(0, 1, 2));
  expect(indexOf(once)).toEqual(Int32Array.of(2, -1, 0, 2));
  expect(indexOf(twice)).toEqual(Int32Array.of(2, -1, -1, 0));
  for (const id of [both, square, computed]) expect(clientView(module, id)).toBeUndefined();
});
