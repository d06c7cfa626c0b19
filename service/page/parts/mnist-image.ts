/** A drawing as MNIST has its digits: in a box of 20 × 20 pixels, whose centre of mass is the centre of 28 × 28. */

export const side = 28;
const box = 20;
/** Fainter ink is none. */
const faintest = 0.05;

/** A square of ink, 0 to 1, in rows. */
export interface Ink {
  readonly size: number;
  readonly values: ArrayLike<number>;
}

/** 28 × 28 values from 0 to 1 in rows; undefined where nothing is drawn. */
export function mnistImage(ink: Ink): Float64Array | undefined {
  const bounds = boundsOf(ink);
  if (bounds === undefined) return undefined;
  const { width, height } = bounds;
  const scale = box / Math.max(width, height);
  const columns = Math.max(1, Math.round(width * scale));
  const rows = Math.max(1, Math.round(height * scale));
  const small = shrink(ink, bounds, columns, rows);
  let [mass, sumX, sumY] = [0, 0, 0];
  small.forEach((value, i) => {
    mass += value;
    sumX += value * ((i % columns) + 0.5);
    sumY += value * (Math.floor(i / columns) + 0.5);
  });
  const shift = (sum: number, extent: number): number =>
    Math.min(side - extent, Math.max(0, Math.round(side / 2 - sum / mass)));
  const [x, y] = [shift(sumX, columns), shift(sumY, rows)];
  const image = new Float64Array(side * side);
  small.forEach((value, i) => {
    image[(y + Math.floor(i / columns)) * side + x + (i % columns)] = value;
  });
  return image;
}

interface Bounds {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

function boundsOf({ size, values }: Ink): Bounds | undefined {
  let [left, top, right, bottom] = [size, size, -1, -1];
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) {
      if ((values[y * size + x] ?? 0) < faintest) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = y;
    }
  return right < 0 ? undefined : { left, top, width: right + 1 - left, height: bottom + 1 - top };
}

/** Each pixel is the mean of what lies below it, parts of pixels by their area. */
function shrink({ size, values }: Ink, { left, top, width, height }: Bounds, columns: number, rows: number) {
  const small = new Float64Array(columns * rows);
  const [stepX, stepY] = [width / columns, height / rows];
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const [fromX, toX] = [left + column * stepX, left + (column + 1) * stepX];
      const [fromY, toY] = [top + row * stepY, top + (row + 1) * stepY];
      let sum = 0;
      for (let y = Math.floor(fromY); y < toY; y++)
        for (let x = Math.floor(fromX); x < toX; x++)
          sum += (values[y * size + x] ?? 0) * overlap(x, fromX, toX) * overlap(y, fromY, toY);
      small[row * columns + column] = Math.min(1, sum / (stepX * stepY));
    }
  return small;
}

/** Of the pixel at `at` with what is between `from` and `to`. */
function overlap(at: number, from: number, to: number): number {
  return Math.max(0, Math.min(at + 1, to) - Math.max(at, from));
}
