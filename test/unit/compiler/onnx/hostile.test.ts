/** Bytes that are no model, or nearly one: diagnostics or success, soon, and nothing else. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { importOnnx } from '../../../../compiler/onnx/import.ts';
import { HepcError } from '../../../../ir/diagnostics/diagnostic.ts';
import { encode, floats, int64s, model, node, type NodeSpec } from '../../../support/onnx-builder.ts';
import { weights } from './cases/case.ts';
import { casesOf } from '../../../support/setup/suite.ts';

/** The codes of the diagnostics; anything but a success or a `HepcError` is thrown on. */
function codesOf(bytes: Uint8Array): string[] {
  try {
    importOnnx({ bytes, fileName: 'hostile.onnx', readExternal: () => undefined });
  } catch (error) {
    if (error instanceof HepcError) return error.diagnostics.map(({ code }) => code);
    throw error;
  }
  return [];
}

const valid = model({
  inputs: { x: ['batch', 2, 5, 5] },
  nodes: [
    node('Conv', 'x w b', 'c', { pads: [1, 1, 1, 1], strides: [2, 2] }),
    node('Relu', 'c', 'r'),
    node('AveragePool', 'r', 'p', { kernel_shape: [2, 2] }),
    node('Reshape', 'p s', 'f'),
    node('Gemm', 'f g', 'h'),
    node('Slice', 'h one three one', 'y'),
  ],
  initializers: {
    w: weights(3, 2, 3, 3),
    b: weights(3),
    s: int64s([2], [0, -1]),
    g: weights(12, 4),
    one: int64s([1], [1]),
    three: int64s([1], [3]),
  },
  outputs: ['y'],
});

test.each(['\u001b[2J', 'a\nb', '\u009b1m', '\u202eexe', '\u007f'])('names that hold %j are refused', (bad) => {
  const named = (spec: { input?: string; output?: string; node?: string }): string[] => {
    const { input = 'x', output = 'y', node: name = 'n' } = spec;
    return codesOf(
      encode({
        graph: {
          name: 'g',
          input: [
            {
              name: input,
              type: { tensorType: { elemType: 1, shape: { dim: [{ dimParam: 'n' }, { dimValue: 2 }] } } },
            },
          ],
          output: [{ name: output }],
          node: [{ name, opType: 'Neg', input: [input], output: [output] }],
        },
        opsetImport: [{ domain: '', version: 17 }],
      }),
    );
  };
  expect(named({})).toEqual([]);
  expect([named({ input: bad }), named({ output: bad }), named({ node: bad })]).toEqual([['H102'], ['H102'], ['H102']]);
});

describe('bytes', () => {
  test('the model that is damaged below is sound', () => {
    expect(codesOf(valid)).toEqual([]);
  });

  test('no bytes, text, and a model cut off anywhere', () => {
    expect(codesOf(new Uint8Array())).toEqual(['H101']);
    expect(codesOf(new TextEncoder().encode('<!DOCTYPE html><html><body>Not found</body></html>'))).toEqual(['H101']);
    for (let length = 0; length < valid.length; length += 7) {
      expect(codesOf(valid.subarray(0, length)), `cut at ${length}`).not.toEqual([]);
    }
  });

  test('random damage', () => {
    const damage = fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(damage, (changes) => {
        const bytes = Uint8Array.from(valid);
        for (const [at, value] of changes) bytes[at] = value;
        codesOf(bytes);
      }),
      { numRuns: casesOf({ normal: 1000, nightly: 3000 }) },
    );
  });

  test('random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(codesOf(bytes)).not.toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test('graphs nested without end', () => {
    // Attribute 5 of node, graph 6 of attribute, node 1 of graph: each level is a few bytes.
    let bytes = new Uint8Array();
    const wrap = (tag: number) => {
      const length: number[] = [];
      for (let rest = bytes.length; ; rest >>>= 7) {
        length.push(rest > 127 ? (rest & 127) | 128 : rest);
        if (rest <= 127) break;
      }
      bytes = Uint8Array.of(tag, ...length, ...bytes);
    };
    for (let level = 0; level < 1500; level++) for (const tag of [0x0a, 0x32, 0x2a]) wrap(tag);
    wrap(0x3a);
    const codes = codesOf(bytes);
    expect(codes).toHaveLength(1);
    expect(['H101', 'H103']).toContain(codes[0]);
  });
});

describe('fields of another wire type', () => {
  test.each([1, 2, 8, 11, 64])('an output, seen as number %i, does not get lost', (number) => {
    // Field 12 of the graph, its outputs, with the tag of a varint: what follows is then read as fields of the graph.
    const graph = valid.findIndex((byte, at) => byte === 0x62 && valid[at + 1] !== undefined && valid[at + 2] === 0x0a);
    const bytes = Uint8Array.from(valid);
    bytes[graph] = number * 8;
    expect(codesOf(bytes)).not.toEqual([]);
  });

  test('every single bit of a tag', () => {
    const alpha = model({
      inputs: { x: ['batch', 4] },
      nodes: [node('LeakyRelu', 'x', 'y', { alpha: { float: 0.25 } })],
      outputs: ['y'],
    });
    const at = alpha.findIndex((byte, i) => byte === 0x15 && alpha[i + 4] === 0x3e);
    expect(at).toBeGreaterThan(0);
    for (const tag of [0x10, 0x11, 0x12]) {
      const bytes = Uint8Array.from(alpha);
      bytes[at] = tag;
      expect(codesOf(bytes), `tag ${tag}`).toEqual(['H101']);
    }
  });

  test('messages that end within a field, fields that end beyond their message, and two graphs', () => {
    const header = encode({ irVersion: 8, opsetImport: [{ domain: '', version: 17 }] });
    expect(codesOf(Uint8Array.of(...header, 0x3a, 2, 0x12, 5))).toEqual(['H101']);
    const twice = encode({ graph: { name: 'again' } });
    expect(codesOf(Uint8Array.of(...valid, ...twice))).toEqual(['H101']);
  });

  test('fields that no version of ONNX knows are skipped', () => {
    const group = [0x9b, 0x06, 0x08, 1, 0x9c, 0x06];
    expect(codesOf(Uint8Array.of(...valid, ...group, 0xa0, 0x06, 7, 0xa2, 0x06, 2, 1, 2))).toEqual([]);
    expect(codesOf(Uint8Array.of(...valid, 0x9b, 0x06, 0x08, 1))).toEqual(['H101']);
  });
});

describe('sizes', () => {
  const big = 2 ** 31 - 1;
  const one = int64s([1], [1]);

  function sized(nodes: NodeSpec[], inputs: Record<string, (number | string)[]> = { x: [1, 1, 4, 4] }): string[] {
    const initializers = {
      huge: int64s([3], [big, big, big]),
      large: int64s([4], [1, 1, 2 ** 14, 2 ** 14]),
      pads: int64s([8], [0, 0, big, big, 0, 0, big, big]),
      k: weights(1, 1, 2, 2),
      one,
      emptied: int64s([4], [1, 0, 1, 10 ** 8]),
      start: int64s([], [0]),
      limit: int64s([], [2 ** 40]),
      step: int64s([], [1]),
    };
    return codesOf(model({ inputs, nodes, initializers, outputs: ['y'] }));
  }

  test.each<[string, NodeSpec[]]>([
    ['an Expand', [node('Expand', 'x huge', 'y')]],
    ['a Tile', [node('Tile', 'x large', 'y')]],
    ['a Pad', [node('Pad', 'x pads', 'y')]],
    ['a ConstantOfShape', [node('ConstantOfShape', 'huge', 'c'), node('Add', 'x c', 'y')]],
    ['a Range', [node('Range', 'start limit step', 'r'), node('Cast', 'r', 'c', { to: 1 }), node('Add', 'x c', 'y')]],
    ['the pads of a Conv', [node('Conv', 'x k', 'y', { pads: [big, big, big, big] })]],
    ['the kernel of a pool', [node('AveragePool', 'x', 'y', { kernel_shape: [big, big], pads: [big, big, big, big] })]],
    ['the strides of a ConvTranspose', [node('ConvTranspose', 'x k', 'y', { strides: [big, big] })]],
    ['the block of a SpaceToDepth', [node('DepthToSpace', 'x', 'y', { blocksize: big })]],
    ['a Resize', [node('Resize', 'x _ _ large', 'y')]],
    ['a Tile that leaves nothing', [node('Tile', 'x emptied', 'e'), node('ReduceSum', 'e', 'y')]],
    ['an Expand that leaves nothing', [node('Expand', 'x emptied', 'e'), node('ReduceSum', 'e', 'y')]],
  ])('of %s', (_, nodes) => {
    const codes = sized(nodes);
    expect(codes).toHaveLength(1);
    expect(['H106', 'H112']).toContain(codes[0]);
  });

  test('of an input', () => {
    expect(sized([node('Relu', 'x', 'y')], { x: ['batch', big, big] })).toEqual(['H112']);
    expect(sized([node('Relu', 'x', 'y')], { x: new Array<number>(40).fill(1) })).toEqual(['H112']);
  });

  test('of all tensors together', () => {
    const moves = Array.from({ length: 20 }, (_, i) => node('Transpose', `t${i}`, `t${i + 1}`));
    const spec = {
      inputs: { x: [1, 4] },
      nodes: [node('Tile', 'x repeats', 't0'), ...moves],
      initializers: { repeats: int64s([2], [2048, 512]) },
      outputs: ['t20'],
    };
    expect(codesOf(model(spec))).toEqual(['H112']);
  });

  test('a long chain of nodes imports, a longer one is refused', () => {
    const chain = (length: number) =>
      sized(
        Array.from({ length }, (_, i) => node('Neg', i === 0 ? 'x' : `v${i - 1}`, i === length - 1 ? 'y' : `v${i}`)),
      );
    expect(chain(16_000)).toEqual([]);
    expect(chain(17_000)).toEqual(['H112']);
  });

  test('long names', () => {
    const name = 'n'.repeat(5000);
    expect(codesOf(model({ inputs: { x: [2] }, nodes: [node('Relu', 'x', name)], outputs: [name] }))).toEqual(['H102']);
  });
});

test.each(['linear', 'nearest', 'cubic'])('positions beyond all whole numbers, %s', (mode) => {
  const nodes = [node('GridSample', 'x grid', 'y', { mode, padding_mode: 'zeros' })];
  const grid = floats([1, 1, 2, 2], [1e30, -1e30, 4e15, 9e15]);
  expect(
    codesOf(model({ opset: 20, inputs: { x: [1, 1, 3, 3] }, nodes, initializers: { grid }, outputs: ['y'] })),
  ).toEqual([]);
});

test('a region of next to everything', () => {
  const rois = floats([1, 4], [-1e30, -1e30, 1e30, 1e30]);
  const initializers = { rois, images: int64s([1], [0]) };
  const align = [node('RoiAlign', 'x rois images', 'y')];
  expect(codesOf(model({ inputs: { x: [1, 1, 3, 3] }, nodes: align, initializers, outputs: ['y'] }))).toEqual(['H112']);
});
