/**
 * Changes of protocol buffers that stay decodable: fields of other wire types and numbers, dropped, doubled, moved, with
 * integers at the edges. Messages are told from bytes and texts by whether they can be read as messages, so that no
 * schema is needed.
 */
import { joined, mutateBytes } from './bytes.ts';
import type { Draw } from './draw.ts';

/** A message, or the bytes of a field without inner structure. */
type Content = readonly Field[] | Uint8Array;

interface Field {
  readonly number: number;
  /** 0 varint, 1 eight bytes, 2 of a length, 5 four bytes. */
  readonly wire: number;
  readonly value: bigint | Content;
}

const varints = [
  0n,
  1n,
  2n,
  3n,
  7n,
  16n,
  127n,
  128n,
  255n,
  1n << 20n,
  (1n << 31n) - 1n,
  1n << 31n,
  1n << 32n,
  1n << 53n,
  (1n << 63n) - 1n,
  1n << 63n,
  (1n << 64n) - 1n,
];
const maxDepth = 8;

/** A decoded message. Throws where the bytes are none. */
export function parseMessage(bytes: Uint8Array): readonly Field[] {
  const message = tryMessage(bytes, 0);
  if (message === undefined) throw new Error('the seed is no protocol buffer');
  return message;
}

function encodeMessage(fields: readonly Field[]): Uint8Array {
  return joined(...fields.flatMap(encodeField));
}

/** The texts and bytes in messages, which changed ones take others from, so that names are of something that is there. */
export function leavesOf(fields: readonly Field[]): Uint8Array[] {
  return fields.flatMap(({ wire, value }) => {
    if (isMessage(value)) return leavesOf(value);
    return typeof value === 'bigint' || wire !== 2 ? [] : [value];
  });
}

/** One to four changes of a message; texts and bytes are also taken from `leaves`. */
export function mutateMessage(draw: Draw, message: readonly Field[], leaves: readonly Uint8Array[]): Uint8Array {
  let fields = message;
  for (let left = draw.few(4); left > 0; left--) fields = changeSomewhere(draw, fields, leaves);
  const bytes = encodeMessage(fields);
  return draw.chance(0.05) ? mutateBytes(draw, bytes) : bytes;
}

function isMessage(value: Field['value']): value is readonly Field[] {
  return Array.isArray(value);
}

/** Goes down with probability, so that the few fields far up are changed as often as the many below. */
function changeSomewhere(draw: Draw, fields: readonly Field[], leaves: readonly Uint8Array[]): readonly Field[] {
  const inner = fields.flatMap(({ value }, k) => (isMessage(value) ? [k] : []));
  if (inner.length > 0 && draw.chance(0.75)) {
    const k = draw.pick(inner);
    const field = fields[k];
    if (field !== undefined && isMessage(field.value))
      return fields.with(k, { ...field, value: changeSomewhere(draw, field.value, leaves) });
  }
  return change(draw, fields, leaves);
}

function change(draw: Draw, fields: readonly Field[], leaves: readonly Uint8Array[]): readonly Field[] {
  if (fields.length === 0) return [{ number: 1 + draw.below(24), wire: 0, value: draw.pick(varints) }];
  const [i, j] = [draw.below(fields.length), draw.below(fields.length)];
  const [field, other] = [fields[i], fields[j]];
  if (field === undefined || other === undefined) return fields;
  switch (draw.below(8)) {
    case 0:
      return fields.toSpliced(i, 1);
    case 1:
      return fields.toSpliced(j, 0, field);
    case 2:
      return fields.with(i, other).with(j, field);
    case 3:
      // Most of these are refused at once, as no protocol buffer of ONNX.
      if (draw.chance(0.6)) return fields.with(i, { ...field, value: changedValue(draw, field, leaves) });
      return fields.with(i, draw.chance(0.5) ? rewired(draw, field) : { ...field, number: 1 + draw.below(24) });
    case 4:
      return fields.toSpliced(j, 0, ...fields.slice(i, i + 1 + draw.below(3)));
    case 5:
      return fields.with(i, { ...field, value: other.wire === field.wire ? other.value : field.value });
    default:
      return fields.with(i, { ...field, value: changedValue(draw, field, leaves) });
  }
}

function rewired(draw: Draw, { number }: Field): Field {
  const wire = draw.pick([0, 1, 2, 5, 3, 4, 6, 7]);
  if (wire === 0) return { number, wire, value: draw.pick(varints) };
  const length = wire === 1 ? 8 : wire === 5 ? 4 : wire === 2 ? draw.below(12) : 0;
  return { number, wire, value: Uint8Array.from({ length }, () => draw.below(256)) };
}

function changedValue(draw: Draw, { wire, value }: Field, leaves: readonly Uint8Array[]): Field['value'] {
  if (typeof value === 'bigint')
    return draw.chance(0.4) ? BigInt.asUintN(64, value + draw.pick([1n, -1n])) : draw.pick(varints);
  // Of a message whose bytes change at random little is left that could be read.
  if (isMessage(value)) return draw.chance(0.1) ? mutateBytes(draw, encodeMessage(value)) : change(draw, value, leaves);
  if (wire === 2 && draw.chance(0.6)) return draw.pick(leaves);
  if (wire === 2) return mutateBytes(draw, value);
  return Uint8Array.from(value, (byte) => (draw.chance(0.5) ? draw.below(256) : byte));
}

function tryMessage(bytes: Uint8Array, depth: number): readonly Field[] | undefined {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint | undefined => {
    let value = 0n;
    for (let shift = 0n; shift < 70n && at < bytes.length; shift += 7n) {
      const byte = bytes[at++] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    return undefined;
  };
  while (at < bytes.length) {
    const key = varint();
    if (key === undefined || key >> 3n < 1n || key >> 3n > 1000n) return undefined;
    const [number, wire] = [Number(key >> 3n), Number(key & 7n)];
    if (wire === 0) {
      const value = varint();
      if (value === undefined) return undefined;
      fields.push({ number, wire, value });
      continue;
    }
    const length = wire === 1 ? 8 : wire === 5 ? 4 : wire === 2 ? Number(varint() ?? -1) : -1;
    if (length < 0 || at + length > bytes.length) return undefined;
    const content = bytes.subarray(at, (at += length));
    const inner =
      wire === 2 && length > 0 && depth < maxDepth && !isText(content) ? tryMessage(content, depth + 1) : undefined;
    fields.push({ number, wire, value: inner ?? content });
  }
  return fields;
}

/** Names and the like, some of which could be read as messages. */
function isText(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte >= 0x20 && byte < 0x7f);
}

function encodeField({ number, wire, value }: Field): Uint8Array[] {
  const key = encodeVarint((BigInt(number) << 3n) | BigInt(wire));
  if (typeof value === 'bigint') return [key, encodeVarint(value)];
  const bytes = isMessage(value) ? encodeMessage(value) : value;
  return wire === 2 ? [key, encodeVarint(BigInt(bytes.length)), bytes] : [key, bytes];
}

function encodeVarint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return Uint8Array.from(bytes);
}
