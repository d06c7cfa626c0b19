import { expect, test } from 'vitest';
import { type Ink, mnistImage, side } from '../../../../../service/page/parts/mnist-image.ts';

const size = 280;

/** Ink within a rectangle, right and bottom not included. */
function rectangle(left: number, top: number, right: number, bottom: number): Ink {
  const values = new Float64Array(size * size);
  for (let y = top; y < bottom; y++) values.fill(1, y * size + left, y * size + right);
  return { size, values };
}

/** Rows and columns of an image that have ink. */
function extent(image: Float64Array) {
  const places = [...image.keys()].filter((i) => (image[i] ?? 0) > 0);
  const columns = places.map((i) => i % side);
  const rows = places.map((i) => Math.floor(i / side));
  return [Math.min(...columns), Math.max(...columns), Math.min(...rows), Math.max(...rows)];
}

test('the longer side fills the box of 20 pixels, wherever and however large it was drawn', () => {
  const large = mnistImage(rectangle(10, 30, 110, 230));
  const small = mnistImage(rectangle(200, 150, 220, 190));
  expect(extent(large ?? new Float64Array())).toEqual([9, 18, 4, 23]);
  expect(small).toEqual(large);
});

test('the centre of mass is the centre of the image', () => {
  const { values } = rectangle(40, 40, 240, 80);
  const foot = rectangle(40, 80, 110, 240);
  const both = Array.from(values, (value, i) => value + (foot.values[i] ?? 0));
  const image = mnistImage({ size, values: both });
  let [mass, x, y] = [0, 0, 0];
  image?.forEach((value, i) => {
    mass += value;
    x += value * ((i % side) + 0.5);
    y += value * (Math.floor(i / side) + 0.5);
  });
  expect(Math.abs(x / mass - side / 2)).toBeLessThanOrEqual(0.5);
  expect(Math.abs(y / mass - side / 2)).toBeLessThanOrEqual(0.5);
});

test('ink keeps its area, pixels that are partly covered their part', () => {
  // 100 × 200 becomes 10 × 20; a line of 5 of 200 becomes half a pixel wide.
  const image = mnistImage(rectangle(100, 40, 105, 240));
  expect(image?.reduce((sum, value) => sum + value, 0)).toBeCloseTo(20);
  expect(Math.max(...(image ?? []))).toBe(1);
});

test('nothing is no digit', () => {
  expect(mnistImage({ size, values: new Float64Array(size * size) })).toBeUndefined();
  expect(mnistImage({ size, values: new Float64Array(size * size).fill(0.01) })).toBeUndefined();
});
