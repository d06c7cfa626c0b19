/** Arrays as JSON: nested lists of numbers with equal lengths at each depth. */
import { badJson } from '../../ir/diagnostics/data.ts';
import { HepcError, type Place } from '../../ir/diagnostics/diagnostic.ts';
import type { NdArray } from './npy.ts';

/** As deep as numpy goes. */
const maxAxes = 64;

/**
 * The JSON text in `bytes`. Throws HepcError H406 at `at` when it is longer than `maxBytes` or not JSON in UTF-8. The
 * limit bounds memory: the text `[[],[],…` takes about 15 times its size once parsed.
 */
export function parseJson(bytes: Uint8Array, maxBytes: number, at: Place): unknown {
  const reject = (reason: string): HepcError => new HepcError([badJson({ reason }, at)]);
  if (bytes.length > maxBytes) {
    throw reject(`it has ${bytes.length} bytes, more than the limit of ${maxBytes}; an .npz file may be larger`);
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    if (error instanceof SyntaxError) throw reject(error.message);
    if (error instanceof TypeError) throw reject('it is not UTF-8');
    throw error;
  }
}

/**
 * The array that `value`, a part of a JSON document, writes as nested lists; a number is a scalar. The lengths of first
 * elements give the shape. Throws HepcError H406 at `at` for anything that is not a number or breaks that shape.
 */
export function arrayFromNested(value: unknown, at: Place = {}): NdArray {
  const shape: number[] = [];
  for (let first = value; isList(first) && shape.length <= maxAxes; first = first[0]) shape.push(first.length);
  const values: number[] = [];
  const reason = shape.length > maxAxes ? `it has more than ${maxAxes} axes` : collect(value, shape, [], values);
  if (reason !== undefined) throw new HepcError([badJson({ reason }, at)]);
  return { dtype: 'f8', shape, data: Float64Array.from(values) };
}

/**
 * Appends the numbers of `value`, found at `index`, to `values`; returns what is wrong, if anything. `index` is
 * unchanged on success.
 */
function collect(value: unknown, shape: readonly number[], index: number[], values: number[]): string | undefined {
  const expected = shape[index.length];
  if (expected === undefined) {
    if (typeof value !== 'number') return `${placeOf(index)} is ${kindOf(value)} instead of a number`;
    values.push(value);
    return undefined;
  }
  if (!isList(value)) return `${placeOf(index)} is ${kindOf(value)} instead of a list`;
  if (value.length !== expected)
    return `${placeOf(index)} has length ${value.length}, but the first list there ${expected}`;
  for (let i = 0; i < expected; i++) {
    index.push(i);
    const reason = collect(value[i], shape, index, values);
    if (reason !== undefined) return reason;
    index.pop();
  }
  return undefined;
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function placeOf(index: readonly number[]): string {
  return index.length === 0 ? 'the whole' : `the element at [${index.join('][')}]`;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (isList(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
