/** Result layouts of convolutions that keep the geometry of their operand. */
import { type Dim, interleaved, Layout, multiplexed, nextPowerOfTwo, tiled, tilesOf } from '../../../ir/tile/layout.ts';
import type { LinearProblem } from './kernel-option.ts';
import { copies } from './result-layouts.ts';

/**
 * Layouts that leave every row where the window's first tap reads: strides leave gaps in plain tiles, and drop whole
 * tiles of interleaved ones; strides below one, of enlargements, do the reverse. Channels take as many slots as those
 * of the operand, or as they fill: with fewer of them outer folds apply, more of them go where the operand has copies. Or
 * they are multiplexed into the gaps that strides have left, which takes fewer ciphertexts and so fewer products, though
 * more for each pair of ciphertexts. Empty where the operand has no such geometry.
 */
export function convolutionLayouts(problem: LinearProblem, input: Layout): Layout[] {
  const { convolution } = problem;
  if (convolution === undefined) return [];
  const first = input.dims.findIndex((dim) => !dim.duplicated);
  const [channel, ...spatial] = input.dims.slice(Math.max(0, first));
  const inGaps = spatial.reduce((product, { n, multiplexed }) => (multiplexed ? product * n : product), 1);
  if (channel === undefined || channel.n * inGaps !== convolution.input[0] || channel.interleaved) return [];
  const axes = spatialAxes(convolution, spatial);
  if (axes === undefined) return [];
  const area = axes.reduce((product, { positions, gap }) => product * positions.t * gap, 1);
  const channels = convolution.output[0] ?? 1;
  const most = input.virtualSlots / area;
  const layout = (outer: number, t: number, dims: readonly Dim[]): Layout =>
    new Layout([...copies(most / t), tiled(outer, t), ...dims], input.batchTile);
  const fits = (outer: number): number => Math.min(most, nextPowerOfTwo(outer));
  const plain = axes.flatMap(({ positions, gap }) => [positions, ...(gap > 1 ? [tiled(1, gap)] : [])]);
  const found = [...new Set([channel.t, fits(channels)])].map((t) => layout(channels, t, plain));
  const { outer, dims } = multiplexedInGaps(channels, axes);
  return outer === channels ? found : [...found, layout(outer, fits(outer), dims)];
}

/** Channels in the gaps, as many of them as a power of two allows, and those that are left for the outermost dimension. */
function multiplexedInGaps(channels: number, axes: readonly Axis[]): { outer: number; dims: readonly Dim[] } {
  let outer = channels;
  const dims = axes.flatMap(({ positions, gap }) => {
    if (gap === 1) return [positions];
    const inner = Math.min(gap, outer & -outer);
    outer /= inner;
    return [positions, inner === 1 ? tiled(1, gap) : multiplexed(inner, gap)];
  });
  return { outer, dims };
}

/** Positions of a result along an axis, `gap` slots apart. */
interface Axis {
  readonly positions: Dim;
  readonly gap: number;
}

function spatialAxes(
  { input, output, strides }: NonNullable<LinearProblem['convolution']>,
  spatial: readonly Dim[],
): Axis[] | undefined {
  const axes: Axis[] = [];
  let at = 0;
  for (let axis = 1; axis < input.length; axis++) {
    const dim = spatial[at++];
    if (dim === undefined || dim.n !== input[axis]) return undefined;
    let spacing = 1;
    const inner = spatial[at];
    if (inner !== undefined && (inner.multiplexed || (inner.n === 1 && input[axis] !== 1))) {
      if (inner.duplicated) return undefined;
      spacing = inner.t;
      at++;
    }
    const extent = output[axis] ?? 1;
    const stride = strides[axis - 1] ?? 1;
    if (stride < 1) {
      const raised = upsampled(dim, spacing, extent, 1 / stride);
      if (raised === undefined) return undefined;
      axes.push(raised);
    } else if (dim.interleaved) {
      const next: Dim = { ...dim, n: extent };
      if (spacing !== 1 || tilesOf(dim) % stride !== 0 || tilesOf(next) !== tilesOf(dim) / stride) return undefined;
      axes.push({ positions: next, gap: 1 });
    } else {
      if (dim.t % stride !== 0 || extent > dim.t / stride || tilesOf(dim) !== 1) return undefined;
      // Rows stand apart, with nothing between them: nothing is folded.
      axes.push({ positions: tiled(extent, dim.t / stride), gap: spacing * stride });
    }
  }
  return at === spatial.length ? axes : undefined;
}

/** Each position becomes `factor` of them: in the gaps beside it as far as there are any, else in tiles of their own. */
function upsampled(dim: Dim, spacing: number, extent: number, factor: number): Axis | undefined {
  if (dim.interleaved || tilesOf(dim) !== 1 || extent > dim.t * factor) return undefined;
  if (spacing % factor === 0) return { positions: tiled(extent, dim.t * factor), gap: spacing / factor };
  const tiles = interleaved(extent, dim.t);
  return spacing === 1 && tilesOf(tiles) === factor ? { positions: tiles, gap: 1 } : undefined;
}

/**
 * How the positions of a result lie on those of its operand, for a linear op that is no convolution itself but made of
 * some, of pools and of enlargements: by the ratio of the extents. Undefined for shapes without common axes.
 */
export function geometryOf(
  input: readonly number[],
  output: readonly number[],
): NonNullable<LinearProblem['convolution']> | undefined {
  if (input.length !== output.length || input.length < 2) return undefined;
  const strides = input.slice(1).map((extent, axis) => {
    const ratio = extent / Math.max(1, output[axis + 1] ?? 1);
    return ratio >= 1 ? Math.round(ratio) : 1 / Math.round(1 / ratio);
  });
  return { input, output, strides };
}
