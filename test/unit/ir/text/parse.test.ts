/** What may be written by hand, what is canonical, and how problems read. */
import { describe, expect, test } from 'vitest';

import { Constant, vector } from '../../../../ir/constant.ts';
import { formatDiagnostic } from '../../../../ir/diagnostics/diagnostic.ts';
import { TensorBuilder } from '../../../../ir/tensor/ops.ts';
import { parseDict } from '../../../../ir/text/parse-dict.ts';
import { parseModule } from '../../../../ir/text/parse.ts';
import { printModule } from '../../../../ir/text/print.ts';

function problemsOf(text: string): string[] {
  return parseModule(text, { fileName: 'm.ir' }).diagnostics.map(formatDiagnostic);
}

function canonical(text: string): string | undefined {
  const { module, diagnostics } = parseModule(text);
  expect(diagnostics).toEqual([]);
  return module && printModule(module).text;
}

describe('freedom of handwriting', () => {
  test('comments, blank lines, continued lines, any numbers, left out types', () => {
    const text = `\uFEFF// a comment\r
hepc.ir 1 tensor "m" // another\r

const @7 = f64[2]
  // inside
  [1, -0]
%12 = input {
  shape: [2],

  name: "x"
}
%3 = scale-shift %12 {factors: @7, offsets: @7} from "a" Mul "b"
%4 = output %3 {name: "y"}`;
    expect(canonical(text)).toBe(`hepc.ir 1 tensor "m"
const @0 = f64[2] [1, -0]
%0 = input {name: "x", shape: [2]} : [2]
%1 = scale-shift %0 {factors: @0, offsets: @0} : [2] from "a" Mul "b"
%2 = output %1 {name: "y"} : [2]
`);
  });

  test('programs may name origins in place; the table is made of them', () => {
    const text = `hepc.ir 1 he "m" {slots: 8}
%0 = input {index: 0}
%1 = rotate %0 {step: 1} from "a" Gemm "b"
`;
    expect(canonical(text)).toBe(`hepc.ir 1 he "m" {slots: 8}
origin $0 = "a" Gemm "b"
%0 = input {index: 0} from $0
%1 = rotate %0 {step: 1} from $0
`);
  });

  test('words of the grammar are names like others', () => {
    const text = `hepc.ir 1 tensor "const"
%0 = input {name: "from", shape: []} : [] from "level" batch "scale", "ct" "two words" ""
`;
    expect(canonical(text)).toBe(text);
  });
});

describe('constants', () => {
  const values = Float64Array.from({ length: 65 }, (_, i) => i / 3);
  const large = new Constant([5, 13], values);
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [5, 13] }, []);
  builder.add('scale-shift', [x], { factors: large, offsets: new Constant([65], values.slice()) }, []);
  builder.add('scale-shift', [x], { factors: new Constant([5, 13], values.slice()), offsets: vector([1]) }, []);
  const printed = printModule(builder.build('m'));

  test('equal ones stand in the text once, large ones beside it', () => {
    expect(printed.text).toBe(`hepc.ir 1 tensor "m"
const @0 = f64[5, 13] sha256 "${large.digest()}"
const @1 = f64[65] sha256 "${large.digest()}"
const @2 = f64[1] [1]
%0 = input {name: "x", shape: [5, 13]} : [5, 13]
%1 = scale-shift %0 {factors: @0, offsets: @1} : [5, 13]
%2 = scale-shift %0 {factors: @0, offsets: @2} : [5, 13]
`);
    expect([...printed.constants]).toEqual([
      ['c0', large],
      ['c1', new Constant([65], values)],
    ]);
  });

  test('values found by digest alone take the shape that the text says', () => {
    const { module, diagnostics } = parseModule(printed.text, {
      constants: (digest) => (digest === large.digest() ? large : undefined),
    });
    expect(diagnostics).toEqual([]);
    expect(module && printModule(module)).toStrictEqual(printed);
  });

  test.each([
    ['missing', undefined, 'the values of @0 with SHA-256'],
    ['other values', new Constant([65], new Float64Array(65)), '@0 should be SHA-256'],
    ['other count', vector([1]), '@0 should be f64[5, 13], the values found are f64[1]'],
    ['other type', new Constant([65], new Int32Array(65)), '@0 should be f64[5, 13], the values found are i32[65]'],
  ])('%s', (_, found, message) => {
    const { diagnostics } = parseModule(printed.text, {
      constants: (_digest, name) => (name === 'c0' ? found : large),
    });
    expect(diagnostics.map((d) => d.message)).toEqual([expect.stringContaining(message)]);
  });

  test('values that are not finite are refused on the way out and on the way in', () => {
    const infinite = vector(Array.from({ length: 65 }, () => Infinity));
    const broken = new TensorBuilder();
    broken.add('input', [], { name: 'x', shape: [65] }, []);
    broken.add('scale-shift', [0], { factors: infinite, offsets: infinite }, []);
    expect(() => printModule(broken.build('m'))).toThrow('not finite');
    const text = `hepc.ir 1 tensor "m"\nconst @0 = f64[65] sha256 "${infinite.digest()}"`;
    const { diagnostics } = parseModule(text, { constants: () => infinite });
    expect(diagnostics.map((d) => d.code)).toEqual(['H216']);
  });
});

describe('messages', () => {
  test('say where, what was expected and what to try', () => {
    const text = `hepc.ir 1 tensor "m"
%0 = inptu {name: "x", shape: [2]}
%1 = conv %2 {stride: [1]} x
%2 = activation %0 {kind: relu, parameter: []}
`;
    expect(problemsOf(text)).toMatchInlineSnapshot(`
      [
        "error[H209] m.ir:2:6: the level tensor has no op inptu
        help: Did you mean input?",
        "error[H204] m.ir:3:28: expected the end of the statement, got \`x\`
        help: docs/ir.md has the grammar, and docs/ops.md every op with its operands and attributes.",
        "error[H211] m.ir:4:6: activation needs the attribute parameters
        help: Add parameters: [number, …].",
        "error[H210] m.ir:4:33: activation has no attribute parameter; it has kind, parameters
        help: Did you mean parameters?",
      ]
    `);
  });

  test('an empty text and a text without header', () => {
    expect(problemsOf('')).toEqual([expect.stringContaining('m.ir:1:1: the text is empty')]);
    expect(problemsOf('\n\n%0 = input')).toEqual([expect.stringContaining('m.ir:3:1: the text does not begin with')]);
  });

  test('end after a hundred problems', () => {
    const text = `hepc.ir 1 tensor "m"\n${'%0 = nonsense\n'.repeat(1000)}`;
    const { diagnostics } = parseModule(text);
    expect(diagnostics).toHaveLength(101);
    expect(diagnostics.at(-1)?.code).toBe('H224');
  });
});

describe('hostile texts are refused in linear time', () => {
  const header = 'hepc.ir 1 tensor "m"\n';
  const cases: readonly (readonly [string, string, string])[] = [
    ['unclosed strings', `"\\`.repeat(1 << 20), 'H203'],
    ['quotes', `%0 = input {name: ${'"a" '.repeat(1 << 18)}`, 'H204'],
    ['brackets', `%0 = input {name: ${'['.repeat(1 << 20)}`, 'H206'],
    ['a statement without end', `%0 = input {name: "${'x'.repeat(5 << 20)}"}`, 'H205'],
    ['commas', `%0 = add ${'%1, '.repeat(1 << 18)}%1`, 'H214'],
    ['a long op', `%0 = ${'o'.repeat(1 << 20)}`, 'H209'],
    ['prototypes', '%0 = constructor', 'H209'],
    ['prototype attributes', '%0 = input {__proto__: {name: "x", shape: [1]}}', 'H211'],
  ];
  test.each(cases)('%s', (_, body, code) => {
    const { module, diagnostics } = parseModule(header + body);
    expect(module).toBeUndefined();
    expect(diagnostics[0]?.code).toBe(code);
  });
});

describe('dicts alone', () => {
  test('are read', () => {
    expect(parseDict('{a: [1, -0.5], b: {c: word, d: "a string"}, e: true}').value).toEqual({
      a: [1, -0.5],
      b: { c: 'word', d: 'a string' },
      e: true,
    });
  });

  test.each(['', '{', '{a: 1} : [2]', '{a: @0}', '%1 {a: 1}', '{a: 1} {b: 2}', '[1]', '{a: [1/2]}'])(
    '%s is refused',
    (text) => {
      const { value, diagnostics } = parseDict(text);
      expect(value).toBeUndefined();
      expect(diagnostics).not.toEqual([]);
    },
  );
});
