/** Each invariant of the graph levels has a module that breaks it. */
import { describe, expect, test } from 'vitest';

import { indexConstant, vector, Constant } from '../../../../ir/constant.ts';
import { TensorBuilder, type TensorModule } from '../../../../ir/tensor/ops.ts';
import { Layout, tiled } from '../../../../ir/tile/layout.ts';
import { TileBuilder, type TileModule } from '../../../../ir/tile/ops.ts';
import { verify } from '../../../../ir/verify.ts';

const origins = [{ name: 'Gemm_0', opType: 'Gemm', output: 'y' }];

function tensorModule(): TensorModule {
  const b = new TensorBuilder();
  const x = b.add('input', [], { name: 'x', shape: [2] }, []);
  const other = b.add('input', [], { name: 'other', shape: [3] }, []);
  const weights = new Constant([3, 2], Float64Array.of(1, 2, 3, 4, 5, 6));
  const y = b.add('dense', [x], { weights, bias: vector([0, 0, 0]) }, origins);
  const z = b.add('add', [y, other], {}, []);
  b.add('output', [z], { name: 'z' }, []);
  return b.build('test');
}

function tileModule(): TileModule {
  const b = new TileBuilder();
  const layout = new Layout([tiled(4, 8)], 2);
  const x = b.add(
    'pack',
    [],
    { name: 'x', shape: [4], index: indexConstant([4], [0, 1, 2, 3]), factor: 1, layout },
    [],
  );
  const y = b.add('multiply', [x, x], {}, []);
  b.add('unpack', [y], { name: 'y', shape: [4], factor: 1 }, []);
  return b.build('test');
}

function edit(module: TensorModule, id: number, change: object): TensorModule {
  return {
    ...module,
    nodes: module.nodes.map((node) => (node.id === id ? { ...node, ...change } : node)),
  };
}

function editTile(module: TileModule, id: number, change: object): TileModule {
  return {
    ...module,
    nodes: module.nodes.map((node) => (node.id === id ? { ...node, ...change } : node)),
  };
}

test('sound modules', () => {
  expect(verify(tensorModule())).toEqual([]);
  expect(verify(tileModule())).toEqual([]);
});

const cases: readonly (readonly [string, string, RegExp, TensorModule])[] = [
  ['an id out of order', 'H250', /numbered %7/, edit(tensorModule(), 3, { id: 7 })],
  ['an operand below', 'H250', /operand %4 of dense/, edit(tensorModule(), 2, { operands: [4] })],
  ['an operand that is itself', 'H250', /operand %2 of dense/, edit(tensorModule(), 2, { operands: [2] })],
  ['too few operands', 'H250', /takes 1 operands, here are 0/, edit(tensorModule(), 2, { operands: [] })],
  ['no operand of a variadic op', 'H250', /takes at least 1/, edit(tensorModule(), 3, { operands: [] })],
  ['an unknown op', 'H251', /tensor has no op toString/, edit(tensorModule(), 2, { op: 'toString' })],
  ['an attribute that is missing', 'H251', /dense: bias/, edit(tensorModule(), 2, { attrs: { weights: vector([1]) } })],
  ['an attribute too many', 'H251', /add: .*extra/, edit(tensorModule(), 3, { attrs: { extra: 1 } })],
  [
    'operands that do not fit',
    'H252',
    /operands of shapes \[2\] and \[3\]/,
    edit(tensorModule(), 3, { operands: [0, 1] }),
  ],
  ['another type', 'H252', /is of type \[3\], but is declared \[3, 1\]/, edit(tensorModule(), 2, { type: [3, 1] })],
  [
    'two inputs of a name',
    'H253',
    /another input called "x"/,
    edit(tensorModule(), 1, { attrs: { name: 'x', shape: [3] } }),
  ],
];

describe('tensor', () => {
  test.each(cases)('%s', (_, code, message, module) => {
    const found = verify(module);
    expect(found.map((d) => d.code)).toContain(code);
    expect(found.map((d) => d.message).join('\n')).toMatch(message);
  });

  test('no output', () => {
    const module = tensorModule();
    expect(verify({ ...module, nodes: module.nodes.slice(0, 4) }).map((d) => d.code)).toEqual(['H253']);
  });

  test('a user of an output, and two outputs of a name', () => {
    const b = new TensorBuilder();
    const x = b.add('input', [], { name: 'x', shape: [2] }, []);
    const y = b.add('output', [x], { name: 'y' }, []);
    b.add('output', [y], { name: 'y' }, []);
    expect(verify(b.build('test')).map((d) => d.message)).toEqual(['operand %1 of output is an output']);
    const c = new TensorBuilder();
    const z = c.add('input', [], { name: 'x', shape: [2] }, []);
    c.add('output', [z], { name: 'y' }, []);
    c.add('output', [z], { name: 'y' }, []);
    expect(verify(c.build('test')).map((d) => d.code)).toEqual(['H253']);
  });

  test('the place is the value and its origins, unless the caller knows better', () => {
    const module = edit(tensorModule(), 2, { type: [4] });
    expect(verify(module)[0]?.at).toEqual({ part: '%2', nodes: origins });
    expect(verify(module, (id) => ({ line: 10 + id }))[0]?.at).toEqual({ line: 12 });
  });
});

describe('tile', () => {
  test('a type that is not inferred', () => {
    const type = new Layout([tiled(4, 4)], 2);
    expect(verify(editTile(tileModule(), 1, { type })).map((d) => d.code)).toContain('H252');
  });

  test('layouts of different slots', () => {
    const layout = new Layout([tiled(4, 4)], 2);
    const b = new TileBuilder();
    b.add('pack', [], { name: 'x', shape: [4], index: indexConstant([4], [0, 1, 2, 3]), factor: 1, layout }, []);
    const other = new Layout([tiled(4, 4)], 4);
    const y = b.add(
      'pack',
      [],
      { name: 'y', shape: [4], index: indexConstant([4], [0, 1, 2, 3]), factor: 1, layout: other },
      [],
    );
    b.add('unpack', [y], { name: 'z', shape: [4], factor: 1 }, []);
    expect(verify(b.build('test')).map((d) => d.message)).toContain(
      'a layout of 16 slots, batch 4, in a module of 8, batch 2',
    );
  });
});
