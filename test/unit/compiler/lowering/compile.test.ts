/** Networks that once did not compile, through the compiler and a `.hep` and back. */
import { describe, expect, test } from 'vitest';

import { compileGraph } from '../../../../compiler/compile.ts';
import { Constant, elementCount, vector } from '../../../../ir/constant.ts';
import { TensorBuilder } from '../../../../ir/tensor/ops.ts';
import { sentCiphertexts } from '../../../../ir/plan/plan.ts';
import { readHep } from '../../../../runtime/hep/read.ts';
import { writeHep } from '../../../../runtime/hep/write.ts';
import { randomVector } from '../../../support/arbitrary-maps.ts';
import { runEncrypted } from '../../../support/run-plans.ts';

function dense(builder: TensorBuilder, x: number, rows: number): number {
  const columns = elementCount(builder.typeOf(x));
  const values = randomVector(rows * columns, rows + columns).map((w) => w / Math.sqrt(columns));
  const attrs = { weights: new Constant([rows, columns], values), bias: vector(randomVector(rows, rows)) };
  return builder.add('dense', [x], attrs, []);
}

/** The plan of a network with the input `x` of the given size, written and read again. */
function compiled(size: number, batch: number, make: (builder: TensorBuilder, x: number) => readonly number[]) {
  const builder = new TensorBuilder();
  const outputs = make(builder, builder.add('input', [], { name: 'x', shape: [size] }, []));
  const ports = outputs.map((y, k) => {
    builder.add('output', [y], { name: `y${k}` }, []);
    return { name: `y${k}`, shape: [...builder.typeOf(y)], hasBatchAxis: true };
  });
  const inputs = [{ name: 'x', shape: [size], hasBatchAxis: true }];
  const { plan } = compileGraph({ module: builder.build('network'), inputs, outputs: ports }, { batch });
  return readHep(writeHep(plan), 'network.hep');
}

describe('the compiler takes', () => {
  test('a ReLU alone at an error that only a polynomial of high degree keeps, whose squares keep their scales', () => {
    const builder = new TensorBuilder();
    const x = builder.add('input', [], { name: 'x', shape: [8] }, []);
    const y = builder.add('activation', [x], { kind: 'relu', parameters: [] }, []);
    builder.add('output', [y], { name: 'y' }, []);
    const ports = (name: string) => [{ name, shape: [8], hasBatchAxis: true }];
    const graph = { module: builder.build('relu'), inputs: ports('x'), outputs: ports('y') };
    const samples = Array.from({ length: 48 }, (_, k) => new Map([['x', randomVector(8, k).map((t) => 3.2 * t)]]));
    // Little more than what the polynomial takes, so that short primes are not enough.
    const { plan, modules } = compileGraph(graph, { samples, maxError: 0.0037 });
    const polynomial = modules.tensor.nodes.find((node) => node.op === 'polynomial');
    expect(polynomial?.attrs.coefficients.shape[1]).toBeGreaterThan(32);
    // Noise is a small part of it.
    const approximation = plan.search?.accuracy?.approximationError ?? NaN;
    expect(plan.client.predictedMaxError - approximation).toBeLessThan(0.0005);
  });

  test('an input that two branches want packed differently, and that is an output', () => {
    const plan = compiled(100, 1, (builder, x) => {
      const hidden = dense(builder, x, 20);
      const square = builder.add('multiply', [hidden, hidden], {}, []);
      return [builder.add('add', [dense(builder, square, 10), dense(builder, x, 10)], {}, []), x];
    });
    expect(new Set(plan.client.inputs.map(({ layout }) => layout.toString())).size).toBeGreaterThan(1);
    expect(new Set(plan.client.inputs.map(({ name }) => name))).toEqual(new Set(['x']));
  });

  test('a sum of products of unequal depth, whose scales differ', () => {
    const plan = compiled(8, 1, (builder, x) => {
      const square = builder.add('multiply', [x, x], {}, []);
      const fourth = builder.add('multiply', [square, square], {}, []);
      return [builder.add('add', [square, fourth], {}, [])];
    });
    expect(plan.statistics).toMatchObject({ multiplyCipher: 2, multiplyPlain: 1 });
  });

  test('a wide input in a batch that leaves an input few slots', () => {
    expect(compiled(784, 1024, (builder, x) => [dense(builder, x, 2)]).client.inputs).toHaveLength(1);
  });

  const constantLayer = (builder: TensorBuilder, x: number) => {
    const zeros = new Constant([8, 8], new Float64Array(64));
    return builder.add('dense', [x], { weights: zeros, bias: vector(randomVector(8, 3)) }, []);
  };

  test('layers of zeros: what follows from them is a constant that only the client knows', async () => {
    const plan = compiled(8, 1, (builder, x) => [dense(builder, constantLayer(builder, x), 4)]);
    // A program has an output, even if nobody reads it.
    expect(plan.statistics).toMatchObject({
      rotations: 0,
      multiplyPlain: 0,
      inputCiphertexts: 1,
      outputCiphertexts: 1,
    });
    const sample = new Map([['x', Float64Array.of(1, 0, 1, 0, 1, 0, 1, 0)]]);
    const [values] = await runEncrypted(plan, [sample]);
    expect(values?.get('y0')).toEqual(plan.client.outputs[0]?.constants);
    expect(values?.get('y0')?.some((value) => value !== 0)).toBe(true);
  });

  test('a constant output beside another: nothing is sent of it', async () => {
    const plan = compiled(8, 1, (builder, x) => [
      dense(builder, constantLayer(builder, x), 4),
      dense(builder, x, 3),
      constantLayer(builder, x),
    ]);
    expect(plan.client.outputs.map((output) => sentCiphertexts(output))).toEqual([0, 1, 0]);
    const sample = new Map([['x', new Float64Array(8)]]);
    const [values] = await runEncrypted(plan, [sample]);
    expect(values?.get('y2')).toEqual(randomVector(8, 3));
    // Of zeros a dense layer leaves its bias.
    randomVector(3, 3).forEach((bias, i) => expect(values?.get('y1')?.[i]).toBeCloseTo(bias, 2));
  });
});

describe('the compiler says', () => {
  const squares = (count: number, samples: number) => {
    const builder = new TensorBuilder();
    let x = builder.add('input', [], { name: 'x', shape: [4] }, []);
    for (let k = 0; k < count; k++) x = builder.add('multiply', [x, x], {}, []);
    builder.add('output', [x], { name: 'y' }, []);
    const port = { shape: [4], hasBatchAxis: true };
    const calibration = Array.from({ length: samples }, () => new Map([['x', Float64Array.of(1, 2, 3, 4)]]));
    return compileGraph(
      { module: builder.build('squares'), inputs: [{ name: 'x', ...port }], outputs: [{ name: 'y', ...port }] },
      { samples: calibration },
    );
  };

  test('that values overflow on the calibration samples', () => {
    expect(() => squares(12, 10)).toThrow('H336');
    expect(() => squares(10, 10)).toThrow('H336');
  });

  test('that weights overflow where layers are merged', () => {
    const large = (builder: TensorBuilder, x: number): number => {
      const weights = new Constant([3, 3], new Float64Array(9).fill(1e200));
      return builder.add('dense', [x], { weights, bias: vector([0, 0, 0]) }, []);
    };
    expect(() => compiled(3, 1, (builder, x) => [large(builder, large(builder, x))])).toThrow('H336');
    const shift = { factors: vector([1e200]), offsets: vector([0]) };
    expect(() => compiled(3, 1, (builder, x) => [builder.add('scale-shift', [large(builder, x)], shift, [])])).toThrow(
      'H336',
    );
  });

  test('that the path is too deep, before it computes what would overflow on it', () => {
    expect(() => squares(100, 10)).toThrow('H332');
  });

  test('that there are few calibration samples', () => {
    expect(squares(1, 1).warnings.map(({ code }) => code)).toEqual(['H337']);
    expect(squares(1, 10).warnings).toEqual([]);
  });
});
