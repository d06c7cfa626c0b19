/** Windows, slices, pads and broadcasts of random geometry, against onnxruntime. */
import fc from 'fast-check';
import { describe, test } from 'vitest';

import { int64s, type ModelSpec, node } from '../../../support/onnx-builder.ts';
import { weights } from './cases/case.ts';
import { expectSameAsOnnxruntime } from './differential.ts';
import { casesOf } from '../../../support/setup/suite.ts';

/** @param nightly how many are drawn at night */
async function holdsFor(specs: fc.Arbitrary<ModelSpec>, nightly: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(specs, async (spec) => {
      await expectSameAsOnnxruntime(spec);
    }),
    { numRuns: casesOf({ normal: Math.ceil(0.3 * nightly), nightly }) },
  );
}

const small = (max: number) => fc.integer({ min: 1, max });
const lead = fc.constantFrom<number | string>('batch', 1, 2);

/** One spatial axis whose window fits into the padded operand. */
const axis = fc
  .record({
    kernel: small(4),
    dilation: small(2),
    stride: small(3),
    begin: fc.nat(2),
    end: fc.nat(2),
    spare: fc.nat(5),
  })
  .map(({ kernel, dilation, stride, begin, end, spare }) => {
    const reach = dilation * (kernel - 1) + 1;
    // onnxruntime wants pads smaller than the kernel where it pools.
    const pads = { begin: Math.min(begin, kernel - 1), end: Math.min(end, kernel - 1) };
    return { kernel, dilation, stride, ...pads, extent: Math.max(1, reach - pads.begin - pads.end) + spare };
  });
const axes = fc.array(axis, { minLength: 1, maxLength: 2 });

function attributesOf(window: readonly { dilation: number; stride: number; begin: number; end: number }[]) {
  return {
    strides: window.map(({ stride }) => stride),
    dilations: window.map(({ dilation }) => dilation),
    pads: [...window.map(({ begin }) => begin), ...window.map(({ end }) => end)],
  };
}

const conv = fc
  .record({ axes, lead, groups: small(3), perGroup: small(2), outputs: small(2) })
  .map(({ axes: window, lead: samples, groups, perGroup, outputs }): ModelSpec => {
    const kernel = window.map((a) => a.kernel);
    return {
      inputs: { x: [samples, groups * perGroup, ...window.map(({ extent }) => extent)] },
      nodes: [node('Conv', 'x w b', 'y', { group: groups, ...attributesOf(window) })],
      initializers: { w: weights(groups * outputs, perGroup, ...kernel), b: weights(groups * outputs) },
      outputs: ['y'],
    };
  });

const convTranspose = fc
  .record({ axes, lead, groups: small(2), perGroup: small(2), outputs: small(2), extra: fc.boolean() })
  .map(({ axes: window, lead: samples, groups, perGroup, outputs, extra }): ModelSpec => {
    const kernel = window.map((a) => a.kernel);
    const outputPadding = extra ? { output_padding: window.map(({ stride }) => stride - 1) } : {};
    return {
      inputs: { x: [samples, groups * perGroup, ...window.map(({ extent }) => extent + 2)] },
      nodes: [node('ConvTranspose', 'x w', 'y', { group: groups, ...attributesOf(window), ...outputPadding })],
      initializers: { w: weights(groups * perGroup, outputs, ...kernel) },
      outputs: ['y'],
    };
  });

const averagePool = fc
  .record({ axes, lead, channels: small(2), ceil: fc.nat(1), counts: fc.nat(1) })
  .map(({ axes: window, lead: samples, channels, ceil, counts }): ModelSpec => {
    const kernel = window.map((a) => a.kernel);
    const attributes = { kernel_shape: kernel, ceil_mode: ceil, count_include_pad: counts, ...attributesOf(window) };
    return {
      opset: 19,
      inputs: { x: [samples, channels, ...window.map(({ extent }) => extent)] },
      nodes: [node('AveragePool', 'x', 'y', attributes)],
      outputs: ['y'],
    };
  });

const slice = fc
  .array(
    fc
      .record({
        extent: small(5),
        start: fc.integer({ min: -7, max: 7 }),
        end: fc.integer({ min: -7, max: 7 }),
        step: fc.constantFrom(-3, -2, -1, 1, 2, 3),
      })
      // A slice must not be empty: an encrypted value has elements.
      .filter(({ extent, start, end, step }) => sliced(extent, start, end, step) > 0),
    { minLength: 1, maxLength: 3 },
  )
  .map((cuts): ModelSpec => {
    const list = (values: number[]) => int64s([values.length], values);
    return {
      inputs: { x: ['batch', ...cuts.map(({ extent }) => extent)] },
      nodes: [node('Slice', 'x starts ends axes steps', 'y')],
      initializers: {
        starts: list(cuts.map(({ start }) => start)),
        ends: list(cuts.map(({ end }) => end)),
        axes: list(cuts.map((_, i) => i + 1)),
        steps: list(cuts.map(({ step }) => step)),
      },
      outputs: ['y'],
    };
  });

/** Elements of a slice, counted one by one as Python does. */
function sliced(extent: number, start: number, end: number, step: number): number {
  const positive = (i: number) => (i < 0 ? i + extent : i);
  let count = 0;
  for (let i = 0; i < extent; i++) {
    const from = step > 0 ? Math.max(positive(start), 0) : Math.min(positive(start), extent - 1);
    const before = step > 0 ? i < positive(end) : i > positive(end);
    const distance = (i - from) / step;
    if (before && distance >= 0 && Number.isInteger(distance)) count++;
  }
  return count;
}

const pad = fc
  .record({
    mode: fc.constantFrom('constant', 'reflect', 'edge', 'wrap'),
    axes: fc.array(fc.record({ extent: fc.integer({ min: 3, max: 5 }), begin: fc.nat(2), end: fc.nat(2) }), {
      minLength: 1,
      maxLength: 3,
    }),
  })
  .map(({ mode, axes: padded }): ModelSpec => {
    const pads = [0, ...padded.map(({ begin }) => begin), 0, ...padded.map(({ end }) => end)];
    return {
      opset: 19,
      inputs: { x: ['batch', ...padded.map(({ extent }) => extent)] },
      nodes: [node('Pad', 'x p', 'y', { mode })],
      initializers: { p: int64s([pads.length], pads) },
      outputs: ['y'],
    };
  });

/** A shape, and two that broadcast to it. */
const broadcast = fc
  .record({
    opType: fc.constantFrom('Add', 'Sub', 'Mul'),
    axes: fc.array(fc.record({ extent: small(4), a: fc.boolean(), b: fc.boolean() }), { minLength: 1, maxLength: 4 }),
    drop: fc.nat(3),
    encrypted: fc.boolean(),
    swap: fc.boolean(),
  })
  .map(({ opType, axes: shape, drop, encrypted, swap }): ModelSpec => {
    const a = shape.map((s) => (s.a ? s.extent : 1));
    const b = shape.map((s) => (s.b ? s.extent : 1)).slice(Math.min(drop, shape.length));
    return {
      inputs: { x: a, ...(encrypted && { z: b }) },
      nodes: [node(opType, swap ? 'z x' : 'x z', 'y')],
      initializers: encrypted ? {} : { z: weights(...b) },
      outputs: ['y'],
    };
  });

describe('random geometry', () => {
  test('Conv', () => holdsFor(conv, 80));
  test('ConvTranspose', () => holdsFor(convTranspose, 60));
  test('AveragePool', () => holdsFor(averagePool, 120));
  test('Slice', () => holdsFor(slice, 80));
  test('Pad', () => holdsFor(pad, 40));
  test('broadcasting', () => holdsFor(broadcast, 80));
});
