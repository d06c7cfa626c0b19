/** Ensembles that read the same features are decided side by side, as exporters spell several in one model. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { optimiseTensor } from '../../../../compiler/parameters/pipelines.ts';
import { Constant, indexConstant, vector } from '../../../../ir/constant.ts';
import type { ClientSample } from '../../../../ir/interface.ts';
import { usersOf } from '../../../../ir/module.ts';
import { RowWriter } from '../../../../ir/tensor/csr.ts';
import { TensorBuilder, type TensorModule, type TensorNode } from '../../../../ir/tensor/ops.ts';
import { verify } from '../../../../ir/verify.ts';
import { PassManager } from '../../../../passes/manager.ts';
import { conjunctionsOf } from '../../../../passes/tensor/comparisons/conjunctions.ts';
import { joinComparisons } from '../../../../passes/tensor/join-comparisons.ts';
import { ReferenceModel } from '../../../../training/onnxruntime.ts';
import { floats, model, type ModelSpec, node, type NodeSpec } from '../../../support/onnx-builder.ts';
import { casesOf } from '../../../support/setup/suite.ts';
import { answer } from '../../compiler/onnx/client/rules/ml/same-answers.ts';
import { given, ml } from '../../compiler/onnx/cases/ml/case.ts';
import { grow, nodeAttributes, steppedSamples } from '../../compiler/onnx/cases/ml/grown-trees.ts';
import { importModel } from '../../compiler/onnx/differential.ts';

const features = 4;

interface Sibling {
  readonly depth: number;
  readonly count: number;
  readonly seed: number;
  /** Whether a Scaler stands before it, as in a pipeline of its own. */
  readonly isScaled: boolean;
}

const siblings = fc.array(
  fc.record({
    depth: fc.integer({ min: 1, max: 5 }),
    count: fc.integer({ min: 1, max: 3 }),
    seed: fc.nat(1e5),
    isScaled: fc.boolean(),
  }),
  { minLength: 2, maxLength: 4 },
);

/** How exporters put ensembles together: mean of a vote, columns of several targets, each an output, weighed by a last model. */
const spellings = ['mean', 'columns', 'outputs', 'stacking'] as const;
type Spelling = (typeof spellings)[number];

function specOf(list: readonly Sibling[], spelling: Spelling): ModelSpec {
  const nodes = list.flatMap(({ depth, count, seed, isScaled }, k): NodeSpec[] => {
    const trees = grow(count, seed, { features, targets: 1, depth, modes: ['BRANCH_LEQ', 'BRANCH_GTE'] });
    const scale = { offset: { floats: [0.5, 0, -1, 0.25] }, scale: { floats: [2, 0.5, 1, 4] } };
    return [
      ...(isScaled ? [ml('Scaler', 'x', `s${k}`, scale)] : []),
      ml('TreeEnsembleRegressor', isScaled ? `s${k}` : 'x', `t${k}`, {
        ...nodeAttributes(trees, 'target'),
        n_targets: 1,
      }),
    ];
  });
  const scores = list.map((_, k) => `t${k}`);
  const weights = floats(
    [list.length, 1],
    list.map((_, k) => k / 2 - 1),
  );
  const last: Record<Spelling, NodeSpec[]> = {
    mean: [node('Mean', scores.join(' '), 'y')],
    columns: [node('Concat', scores.join(' '), 'y', { axis: 1 })],
    outputs: [],
    stacking: [node('Concat', scores.join(' '), 'c', { axis: 1 }), node('MatMul', 'c w', 'y')],
  };
  const { spec } = given('', {
    inputs: { x: ['n', features] },
    nodes: [...nodes, ...last[spelling]],
    outputs: spelling === 'outputs' ? scores : ['y'],
    ...(spelling === 'stacking' && { initializers: { w: weights } }),
  });
  return spec;
}

const steps = ({ nodes }: TensorModule): number => nodes.filter(({ op }) => op === 'activation').length;

describe('ensembles of one model', () => {
  test('say what onnxruntime says, with one step for those that fit a ciphertext', async () => {
    const seen = { joined: 0 };
    await fc.assert(
      fc.asyncProperty(siblings, fc.constantFrom(...spellings), async (list, spelling) => {
        const bytes = model(specOf(list, spelling));
        const imported = importModel(bytes);
        // Beside thresholds, for scaled comparisons round.
        const samples = steppedSamples(16, features, list[0]?.seed ?? 0).map(
          (sample) => new Map([...sample].map(([name, values]) => [name, values.map((x) => Math.fround(x + 0.03))])),
        );
        const manager = new PassManager(samples);
        const { exact } = optimiseTensor(imported.module, manager, { maxError: 1, synthetic: false });
        expect(verify(exact)).toEqual([]);
        expect(steps(exact)).toBe(Math.min(1, steps(imported.module)));
        seen.joined += Math.max(0, steps(imported.module) - 1);
        const reference = await ReferenceModel.load(bytes);
        try {
          const expected = await reference.answer(samples);
          for (const [i, sample] of samples.entries())
            expectClose(answer({ ...imported, module: exact }, sample), expected[i] ?? new Map());
        } finally {
          await reference.close();
        }
      }),
      { numRuns: casesOf({ normal: 30, nightly: 300 }) },
    );
    expect(seen.joined).toBeGreaterThan(20);
  });
});

function expectClose(got: ClientSample, expected: ClientSample): void {
  expect([...got.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, values] of expected) {
    const own = Array.from(got.get(name) ?? [], Number);
    for (const [i, value] of Array.from(values, Number).entries()) expect(own[i]).toBeCloseTo(value, 4);
  }
}

interface Tree {
  readonly comparisons: number;
  readonly width: number;
  readonly kind?: 'step' | 'sign';
  /** Of the two inputs; default the first. */
  readonly input?: 0 | 1;
  /** Whether what is decided is an output too. */
  readonly isShown?: boolean;
}

/** Product trees, each with an output. */
function productTrees(trees: readonly Tree[]): TensorModule {
  const builder = new TensorBuilder();
  const inputs = ['x', 'z'].map((name) => builder.add('input', [], { name, shape: [3] }, []));
  for (const [k, { comparisons, width, kind = 'step', input = 0, isShown = false }] of trees.entries()) {
    const rows = comparisons * width;
    const writer = new RowWriter(rows, 3);
    for (let row = 0; row < rows; row++) {
      writer.push((row + k) % 3, row % 2 === 0 ? 1 : -1);
      writer.endRow();
    }
    const { starts, indices, values, bias } = writer.finish(
      Float64Array.from({ length: rows }, (_, i) => ((7 * i + k) % 5) / 4 - 0.4),
    );
    const attrs = {
      starts: indexConstant([starts.length], starts),
      columns: indexConstant([indices.length], indices),
      values: new Constant([values.length], values),
      bias: vector(bias),
      shape: [comparisons, width],
    };
    const compared = builder.add('sparse', [inputs[input] ?? -1], attrs, []);
    let value = builder.add('activation', [compared], { kind, parameters: [] }, []);
    if (isShown) builder.add('output', [value], { name: `d${k}` }, []);
    for (let half = comparisons / 2; half >= 1; half /= 2) {
      const parts = [0, half * width].map((start) => {
        const index = Int32Array.from({ length: half * width }, (_, i) => start + i);
        return builder.add('gather', [value], { index: indexConstant([half, width], index) }, []);
      });
      value = builder.add('multiply', parts, {}, []);
    }
    builder.add('output', [value], { name: `y${k}` }, []);
  }
  return builder.build('trees');
}

function joined(trees: readonly Tree[]): { readonly module: TensorModule; readonly joined: number | undefined } {
  const manager = new PassManager([]);
  const module = manager.run(joinComparisons, productTrees(trees), {});
  return { module, joined: manager.runs[0]?.statistics['joined'] };
}

const sizes = ({ nodes }: TensorModule) => nodes.flatMap((each) => (each.op === 'activation' ? [each.type] : []));

describe('product trees', () => {
  test('of one value are one, shorter ones filled up', () => {
    const { module } = joined([
      { comparisons: 2, width: 3 },
      { comparisons: 8, width: 5 },
      { comparisons: 1, width: 4 },
    ]);
    expect(sizes(module)).toEqual([[8, 12]]);
    expect(module.nodes.filter(({ op }) => op === 'multiply')).toHaveLength(3);
  });

  test('are known by what they multiply', () => {
    const module = productTrees([
      { comparisons: 4, width: 3 },
      { comparisons: 4, width: 3, isShown: true },
    ]);
    const found = conjunctionsOf(module, usersOf<TensorNode>(module));
    expect(found.map(({ comparisons, width }) => [comparisons, width])).toEqual([
      [4, 3],
      [1, 12],
    ]);
  });

  test.each<[string, readonly Tree[]]>([
    [
      'other inputs',
      [
        { comparisons: 2, width: 3 },
        { comparisons: 2, width: 3, input: 1 },
      ],
    ],
    [
      'signs',
      [
        { comparisons: 2, width: 3 },
        { comparisons: 2, width: 3, kind: 'sign' },
      ],
    ],
    [
      'ciphertexts of their own',
      [
        { comparisons: 2, width: 32768 },
        { comparisons: 2, width: 32768 },
      ],
    ],
    [
      'so few comparisons that filling them up takes more',
      [
        { comparisons: 16, width: 600 },
        { comparisons: 2, width: 3000 },
      ],
    ],
  ])('of %s are left', (_, trees) => {
    expect(joined(trees).joined).toBe(0);
  });

  test('that make no ciphertext more are joined, whichever are dearer beside them', () => {
    const { module } = joined([
      { comparisons: 16, width: 600 },
      { comparisons: 2, width: 3000 },
      { comparisons: 2, width: 40 },
      { comparisons: 16, width: 3 },
    ]);
    expect(sizes(module).length).toBeLessThan(4);
    expect(sizes(module).length).toBeGreaterThan(1);
  });
});
