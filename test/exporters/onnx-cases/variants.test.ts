/** Which operands are encrypted, and what that makes of an operator. */
import proto from 'onnx-proto';
import { describe, expect, test } from 'vitest';
import { floats, int64s, model, type ModelSpec, node, type TensorSpec } from '../../support/onnx-builder.ts';
import { listedOperators } from '../../support/readme.ts';
import { type NodeTest, numbersOf, type TestTensor } from './node-tests.ts';
import { supportedOperators } from '../../../compiler/onnx/domains.ts';
import { isClassified } from './operator-kinds.ts';
import { run } from './run.ts';
import { variantsOf } from './variants.ts';

const tensor = ({ dims, proto: fields }: TensorSpec): TestTensor => ({
  proto: { dims: [...dims], ...fields },
  shape: dims,
  numbers: numbersOf({ dims: [...dims], ...fields }),
});

function nodeTest(
  nodes: ModelSpec['nodes'],
  operands: Readonly<Record<string, TensorSpec>>,
  expected: TensorSpec = floats([], [0]),
): NodeTest {
  const inputs = Object.fromEntries(Object.entries(operands).map(([name, { dims }]) => [name, dims]));
  return {
    name: 'case',
    model: proto.onnx.ModelProto.decode(model({ inputs, nodes, outputs: ['z'] })),
    operands: new Map(Object.entries(operands).map(([name, own]) => [name, tensor(own)])),
    expected: new Map([['z', tensor(expected)]]),
  };
}

/** How each variant reads: its inputs, and what its operators come to. */
const read = (own: NodeTest) => variantsOf(own).map(({ sample, kind }) => `${[...sample.keys()].join(', ')}: ${kind}`);

const x = floats([2], [1, 2]);
const y = floats([2], [3, 4]);

test('every operator of the README is classified', () => {
  // Those of other domains are in no test of ONNX.
  const own = listedOperators().filter((name) => supportedOperators('').includes(name));
  expect(own.filter((name) => !isClassified(name))).toEqual([]);
});

describe('variants', () => {
  test('one operand, and all that are data', () => {
    expect(read(nodeTest([node('Mul', 'x y', 'z')], { x, y }))).toEqual(['x: linear', 'x, y: polynomial']);
    expect(read(nodeTest([node('Div', 'x y', 'z')], { x, y }))).toEqual(['x: linear']);
  });

  test('parameters are no data', () => {
    const operands = { x, i: int64s([1], [0]) };
    expect(read(nodeTest([node('Gather', 'x i', 'z')], operands))).toEqual(['x: linear']);
    expect(read(nodeTest([node('Pow', 'x y', 'z')], { x, y }))).toEqual(['x: polynomial']);
    expect(read(nodeTest([node('Pow', 'x y', 'z')], { x, y: floats([], [0.5]) }))).toEqual(['x: root']);
  });

  test('what is empty or not finite is not encrypted', () => {
    expect(read(nodeTest([node('Add', 'x y', 'z')], { x: floats([0], []), y: floats([1], [3]) }))).toEqual([
      'y: linear',
    ]);
    expect(read(nodeTest([node('Neg', 'x', 'z')], { x: floats([1], [NaN]) }))).toEqual([]);
  });

  test('in a graph the first operator that cannot be computed decides', () => {
    const nodes = [node('Mul', 'x x', 's'), node('Sqrt', 's', 'r'), node('Floor', 'r', 'z')];
    expect(read(nodeTest(nodes, { x }))).toEqual(['x: root']);
    const shapes = [node('Shape', 'x', 's'), node('ConstantOfShape', 's', 'o'), node('Add', 'x o', 'z')];
    expect(read(nodeTest(shapes, { x }))).toEqual(['x: linear']);
  });
});

describe('verdicts', () => {
  const verdicts = async (own: NodeTest) => {
    const kinds: string[] = [];
    for (const variant of variantsOf(own)) kinds.push((await run(variant, 'imported')).kind);
    return kinds;
  };

  test('right, wrong and refused', async () => {
    const product = [node('Mul', 'x y', 'z')];
    expect(await verdicts(nodeTest(product, { x, y }, floats([2], [3, 8])))).toEqual(['passed', 'passed']);
    expect(await verdicts(nodeTest(product, { x, y }, floats([2], [3, 8.1])))).toEqual(['wrong', 'wrong']);
    expect(await verdicts(nodeTest(product, { x, y }, floats([1], [3])))).toEqual(['wrong', 'wrong']);
    const unknown = nodeTest([node('GridSample', 'x y', 'z')], { x, y }, floats([2], [1, 2]));
    expect(await verdicts(unknown)).toEqual(['refused']);
  });
});
