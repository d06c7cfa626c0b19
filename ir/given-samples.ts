/** Samples as callers of the library have them: maps or plain objects, of typed arrays or nested lists of numbers or texts. */
import { elementCount } from './constant.ts';
import { type Diagnostic, HepcError, type Place } from './diagnostics/diagnostic.ts';
import { badSample, badSampleList, missingInput, wrongInputLength, wrongInputShape } from './diagnostics/samples.ts';
import type { ClientElements, ClientSample, ClientValue, Port } from './interface.ts';

/** Elements of one input: flat and row-major, or nested in lists as its shape says. */
export type GivenValues =
  | number
  | boolean
  | bigint
  | string
  | readonly GivenValues[]
  | Float64Array
  | Float32Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

/** Values by the name of the input. */
export type GivenSample = ReadonlyMap<string, GivenValues> | Readonly<Record<string, GivenValues>>;

type GivenPort = Pick<Port, 'name' | 'shape'> & { readonly elements?: ClientElements };

/** Where samples are, for diagnostics. */
export interface GivenPlace {
  readonly at?: Place;
  /** Number of the first one. */
  readonly first?: number;
}

/** What is wrong is told of so many samples. */
const mostReports = 20;

/**
 * The samples with an array of doubles for each port, or of texts where its elements are; an array of doubles is the caller's
 * own. Throws `HepcError` (H620 to H625) for what is no list of samples, and for values that are missing, of another shape or
 * of another kind. Whether the numbers are finite is left to whoever takes them.
 */
export function readGivenSamples(
  given: unknown,
  ports: readonly GivenPort[],
  { at = {}, first = 0 }: GivenPlace = {},
): ClientSample[] {
  if (!Array.isArray(given)) throw new HepcError([badSampleList({ got: describe(given) }, at)]);
  const distinct = [...new Map(ports.map((port) => [port.name, port])).values()];
  const diagnostics: Diagnostic[] = [];
  const samples = Array.from(given, (sample: unknown, index) => {
    const k = first + index;
    const values = new Map<string, ClientValue>();
    if (diagnostics.length >= mostReports) return values;
    const lookup = lookupIn(sample);
    if (lookup === undefined) {
      diagnostics.push(badSample({ sample: k, got: describe(sample) }, at));
      return values;
    }
    for (const port of distinct) {
      const read = readValues(lookup.get(port.name), port, k, lookup.names);
      if ('code' in read) diagnostics.push({ ...read, at });
      else values.set(port.name, read);
    }
    return values;
  });
  if (diagnostics.length > 0) throw new HepcError(diagnostics);
  return samples;
}

interface Lookup {
  readonly get: (name: string) => unknown;
  readonly names: readonly string[];
}

function lookupIn(sample: unknown): Lookup | undefined {
  if (sample instanceof Map)
    return {
      get: (name) => sample.get(name) as unknown,
      names: [...sample.keys()].filter((key) => typeof key === 'string'),
    };
  if (typeof sample !== 'object' || sample === null || Array.isArray(sample) || ArrayBuffer.isView(sample))
    return undefined;
  // Own fields only: an input may be called `constructor`.
  const fields = new Map<string, unknown>(Object.entries(sample));
  return { get: (name) => fields.get(name), names: [...fields.keys()] };
}

function readValues(
  given: unknown,
  { name, shape, elements: kind }: GivenPort,
  sample: number,
  found: readonly string[],
): ClientValue | Diagnostic {
  const input = { input: name, sample };
  if (given === undefined || given === null) return missingInput({ ...input, found });
  const elements = elementCount(shape);
  const flat = kind === 'string' ? undefined : flatArray(given);
  if (flat !== undefined) {
    if (flat.length !== elements) return wrongInputLength({ ...input, expected: shape, got: flat.length });
    return flat instanceof Float64Array ? flat : Float64Array.from(flat);
  }
  const values: (number | string)[] = [];
  /** What stands at `value` instead of a list of this shape; undefined where nothing does. */
  const fill = (value: unknown, [extent, ...inner]: readonly number[]): string | undefined => {
    if (extent === undefined) {
      const element = elementOf(value, kind);
      if (element === undefined) return describe(value);
      values.push(element);
      return undefined;
    }
    const list =
      (kind === 'string' ? undefined : flatArray(value)) ??
      (Array.isArray(value) ? (value as readonly unknown[]) : undefined);
    if (list === undefined) return describe(value);
    if (list.length !== extent) return `a list of ${list.length}`;
    for (let i = 0; i < extent; i++) {
      const wrong = fill(list[i], inner);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  };
  const isNumbers = kind === undefined || kind === 'real';
  const isFlat = !isNumbers && Array.isArray(given) && given.length === elements && !given.some(Array.isArray);
  const wrong = fill(given, elements === 1 && !Array.isArray(given) ? [] : isFlat ? [elements] : shape);
  if (wrong !== undefined) return wrongInputShape({ ...input, expected: shape, got: wrong });
  return kind === 'string' ? values.map(String) : Float64Array.from(values, Number);
}

/** A value as an element of this kind; undefined where it is none. */
function elementOf(value: unknown, kind: ClientElements | undefined): number | string | undefined {
  if (kind === 'string') return typeof value === 'string' ? value : undefined;
  if (typeof value === 'bigint' || typeof value === 'boolean') return Number(value);
  return typeof value === 'number' ? value : undefined;
}

/** A typed array of numbers, or a list of nothing but numbers. */
function flatArray(value: unknown): ArrayLike<number> | undefined {
  if (isNumeric(value)) return value;
  return Array.isArray(value) && value.every((item) => typeof item === 'number') ? value : undefined;
}

function isNumeric(value: unknown): value is ArrayBufferView & ArrayLike<number> {
  return (
    ArrayBuffer.isView(value) &&
    !(value instanceof DataView || value instanceof BigInt64Array || value instanceof BigUint64Array)
  );
}

function describe(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (typeof value === 'string') return 'a string';
  if (typeof value !== 'object') return typeof value === 'number' ? 'a number' : `a ${typeof value}`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  const { constructor } = Object(value) as { readonly constructor?: unknown };
  return typeof constructor === 'function' && constructor.name !== 'Object' ? `a ${constructor.name}` : 'an object';
}
