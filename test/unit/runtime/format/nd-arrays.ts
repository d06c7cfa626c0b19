/** Arbitrary arrays of every data type. */
import fc from 'fast-check';
import { type Dtype, elementCount, type NdArray } from '../../../../runtime/format/npy.ts';

const shapes = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 });

function dense<D extends Dtype, T>(
  dtype: D,
  elements: (length: { minLength: number; maxLength: number }) => fc.Arbitrary<T>,
): fc.Arbitrary<{ dtype: D; shape: number[]; data: T }> {
  return shapes.chain((shape) => {
    const length = elementCount(shape);
    return elements({ minLength: length, maxLength: length }).map((data) => ({ dtype, shape, data }));
  });
}

/** Arrays with up to four axes, some of them empty; NaN, infinities and negative zeros among the floats. */
export const ndArrays: fc.Arbitrary<NdArray> = fc.oneof(
  dense('f4', fc.float32Array),
  dense('f8', fc.float64Array),
  dense('i1', fc.int8Array),
  dense('i2', fc.int16Array),
  dense('i4', fc.int32Array),
  dense('i8', fc.bigInt64Array),
  dense('u1', fc.uint8Array),
  dense('u2', fc.uint16Array),
  dense('u4', fc.uint32Array),
  dense('u8', fc.bigUint64Array),
  dense('b1', (length) => fc.uint8Array({ ...length, max: 1 })),
);
