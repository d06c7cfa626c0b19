/** Pad in all its modes: every element of the result is one of the operand, or the constant. */
import { elementCount } from '../../../ir/constant.ts';
import { modulo } from '../../../ir/maths/modular.ts';
import { invalid, mixesSamples } from '../proto/failure.ts';
import { range, selectIndex } from '../emission/geometry.ts';
import { checkedCount } from '../proto/limits.ts';
import type { Operation, Rule } from '../emission/operation.ts';
import { constant, isBatched, normalizeAxis, onnxRank, type Term } from '../proto/term.ts';

const modes = ['constant', 'reflect', 'edge', 'wrap'] as const;
type Mode = (typeof modes)[number];

export const pad: Rule = (op) => {
  const x = op.input(0);
  const mode = op.string('mode', modes, 'constant');
  const { begins, ends } = padsOfSample(op, x);
  const shape = x.shape.map((extent, d) => extent + (begins[d] ?? 0) + (ends[d] ?? 0));
  checkedCount(shape);
  const coordinates = shape.map((length, d) => {
    return range(length).map((i) => sourceOf(i - (begins[d] ?? 0), x.shape[d] ?? 1, mode));
  });
  const index = selectIndex(x.shape, coordinates);
  const value = mode === 'constant' ? (op.numberAt(2, 'value') ?? 0) : 0;
  if (value === 0) return [op.emit.select(x, shape, index)];
  const outside = elementCount(x.shape);
  const filler = constant([], Float64Array.of(value), x.kind === 'constant' ? x.elements : 'float');
  return [
    op.emit.rearrange(
      [x, filler],
      shape,
      index.map((source) => (source < 0 ? outside : source)),
    ),
  ];
};

/** The coordinate that position i reads, where 0 … extent − 1 lie inside the operand; −1 for none. */
function sourceOf(i: number, extent: number, mode: Mode): number {
  if (i >= 0 && i < extent) return i;
  switch (mode) {
    case 'constant':
      return -1;
    case 'edge':
      return i < 0 ? 0 : extent - 1;
    case 'wrap':
      return modulo(i, extent);
    case 'reflect': {
      if (extent === 1) return 0;
      const period = modulo(i, 2 * (extent - 1));
      return Math.min(period, 2 * (extent - 1) - period);
    }
  }
}

function padsOfSample(op: Operation, x: Term) {
  const rank = onnxRank(x);
  const pads = op.integersAt(1, 'pads');
  const axes = (op.integersAt(3, 'axes') ?? range(rank)).map((axis) => normalizeAxis(axis, rank));
  if (pads?.length !== 2 * axes.length) throw invalid(`${pads?.length ?? 0} pads for ${axes.length} axes`);
  const along = (part: readonly number[]) => range(rank).map((axis) => part[axes.indexOf(axis)] ?? 0);
  const begins = along(pads.slice(0, axes.length));
  const ends = along(pads.slice(axes.length));
  if (!isBatched(x)) return { begins, ends };
  if (begins[0] !== 0 || ends[0] !== 0) throw mixesSamples('Pad adds samples');
  return { begins: begins.slice(1), ends: ends.slice(1) };
}
