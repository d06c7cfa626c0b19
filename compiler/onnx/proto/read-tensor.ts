/** Initializers and tensor attributes as constants. */
import { badTensor } from '../../../ir/diagnostics/import.ts';
import { areFinite } from '../../../ir/maths/finite.ts';
import { integer } from './decode.ts';
import { elementTypeOf, type ElementType } from './element-types.ts';
import type { ExternalData } from './external-data.ts';
import { ImportFailure, notFinite } from './failure.ts';
import { checkedCount } from './limits.ts';
import type { OnnxTensor } from './model.ts';
import { type ConstantTerm, constant } from './term.ts';

/** Elements of one tensor that is stored in the model: 2 GiB of doubles. */
const maxStoredElements = 2 ** 28;

/**
 * The elements of `tensor`, which is called `name` in messages.
 * Throws `ImportFailure` where type, shape and bytes do not fit, and for weights that are not finite. A single
 * infinite number passes: exporters write it for the open bound of a Clip; and so does −∞, which masks have.
 */
export function readTensor(tensor: OnnxTensor, name: string, external: ExternalData): ConstantTerm {
  const term = readNumbers(tensor, name, external);
  if (areFinite(term.data)) return term;
  const bad = term.data.findIndex((x) => Number.isNaN(x) || (x === Infinity && term.data.length > 1));
  const value = term.data[bad];
  if (value !== undefined) throw notFinite(name, value, bad);
  return term;
}

/** As `readTensor`, of any numbers: keys of a table may be NaN. */
export function readNumbers(tensor: OnnxTensor, name: string, external: ExternalData): ConstantTerm {
  const fail = (reason: string) => new ImportFailure((at) => badTensor({ tensor: name, reason }, at));
  const type = elementTypeOf(tensor.elementType);
  if (type === undefined) throw fail(`element type ${tensor.elementType} is not supported`);
  if (tensor.dims.some((extent) => extent < 0)) throw fail(`[${tensor.dims.join(', ')}] is not a shape`);
  const count = checkedCount(tensor.dims, maxStoredElements);

  const bytes = tensor.external ? external.read(name, tensor.external, bytesOf(type, count)) : tensor.raw;
  const data = bytes === undefined ? fromTypedField(tensor, type, count) : fromBytes(bytes, type, count);
  if (typeof data === 'string') throw fail(`shape [${tensor.dims.join(', ')}] of ${type.name}: ${data}`);

  const elements = type.kind === 'boolean' ? data.map((x) => (x === 0 ? 0 : 1)) : data;
  return { ...constant(tensor.dims, elements, type.kind), type: type.name };
}

function bytesOf(type: ElementType, count: number): number {
  return Math.ceil((count * type.bits) / 8);
}

function fromBytes(bytes: Uint8Array, type: ElementType, count: number): Float64Array | string {
  const needed = bytesOf(type, count);
  if (bytes.length !== needed) return `needs ${needed} bytes, got ${bytes.length}`;
  if (type.readAll !== undefined) return type.readAll(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data = new Float64Array(count);
  for (let i = 0; i < count; i++) data[i] = type.read(view, i);
  return data;
}

function fromTypedField(tensor: OnnxTensor, type: ElementType, count: number): Float64Array | string {
  const entries = tensor.typed[type.field];
  if (type.fromField === undefined) {
    const bytes = Uint8Array.from(entries, (entry) => integer(entry) & 0xff);
    return fromBytes(bytes, type, count);
  }
  if (entries.length !== count) return `needs ${count} elements, got ${entries.length}`;
  return Float64Array.from(entries, type.fromField);
}
