/** Result layouts of convolutions that keep the geometry of their operand. */
import { type Dim, interleaved, Layout, nextPowerOfTwo, tiled, tilesOf } from '../../../ir/tile/layout.ts';
import type { LinearProblem } from './kernel-option.ts';
import { copies } from './result-layouts.ts';

/**
 * Layouts that leave every row where the window's first tap reads: strides leave gaps in plain tiles, and drop whole
 * tiles of interleaved ones; strides below one, of enlargements, do the reverse. Channels take as many slots as those
 * of the operand, or as they fill: with fewer of them outer folds apply, more of them go where the operand has copies.
 * Empty where the operand has no such geometry.
 */
export function convolutionLayouts(problem: LinearProblem, input: Layout): Layout[] {
  const { convolution } = problem;
  if (convolution === undefined) return [];
  const outer = input.dims.findIndex((dim) => !dim.duplicated);
  const [channel, ...spatial] = input.dims.slice(Math.max(0, outer));
  if (channel === undefined || channel.n !== convolution.input[0] || channel.interleaved) return [];
  const dims = spatialDims(convolution, spatial);
  if (dims === undefined) return [];
  const area = dims.reduce((product, { t }) => product * t, 1);
  const channels = convolution.output[0] ?? 1;
  const most = input.virtualSlots / area;
  const fits = Math.min(most, nextPowerOfTwo(channels));
  return [...new Set([channel.t, fits])].map(
    (t) => new Layout([...copies(most / t), tiled(channels, t), ...dims], input.batchTile),
  );
}

function spatialDims(
  { input, output, strides }: NonNullable<LinearProblem['convolution']>,
  spatial: readonly Dim[],
): Dim[] | undefined {
  const dims: Dim[] = [];
  let at = 0;
  for (let axis = 1; axis < input.length; axis++) {
    const dim = spatial[at++];
    if (dim === undefined || dim.n !== input[axis]) return undefined;
    let spacing = 1;
    if (spatial[at] !== undefined && spatial[at]?.n === 1 && input[axis] !== 1) {
      const inner = spatial[at++];
      if (inner === undefined || inner.duplicated) return undefined;
      spacing = inner.t;
    }
    const extent = output[axis] ?? 1;
    const stride = strides[axis - 1] ?? 1;
    if (stride < 1) {
      const raised = upsampled(dim, spacing, extent, 1 / stride);
      if (raised === undefined) return undefined;
      dims.push(...raised);
    } else if (dim.interleaved) {
      const next: Dim = { ...dim, n: extent };
      if (spacing !== 1 || tilesOf(dim) % stride !== 0 || tilesOf(next) !== tilesOf(dim) / stride) return undefined;
      dims.push(next);
    } else {
      if (dim.t % stride !== 0 || extent > dim.t / stride || tilesOf(dim) !== 1) return undefined;
      dims.push(tiled(extent, dim.t / stride));
      // Rows stand apart, with zeros between them: nothing is folded.
      if (spacing * stride > 1) dims.push(tiled(1, spacing * stride));
    }
  }
  return at === spatial.length ? dims : undefined;
}

/** Each position becomes `factor` of them: in the gaps beside it as far as there are any, else in tiles of their own. */
function upsampled(dim: Dim, spacing: number, extent: number, factor: number): Dim[] | undefined {
  if (dim.interleaved || tilesOf(dim) !== 1 || extent > dim.t * factor) return undefined;
  if (spacing % factor === 0) {
    const left = spacing / factor;
    return [tiled(extent, dim.t * factor), ...(left > 1 ? [tiled(1, left)] : [])];
  }
  const tiles = interleaved(extent, dim.t);
  return spacing === 1 && tilesOf(tiles) === factor ? [tiles] : undefined;
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
