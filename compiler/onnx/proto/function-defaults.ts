/**
 * Defaults of the attributes of functions (`FunctionProto.attribute_proto`, since IR version 9), which onnx-proto does
 * not decode. Reads bytes that `wire-format.ts` has checked.
 */
import proto from 'onnx-proto';
import type { onnx } from 'onnx-proto';

const functionsOfModel = 25;
const defaultsOfFunction = 11;

/** The attributes with a default of each function of a ModelProto, in the order of its functions. */
export function functionDefaults(model: Uint8Array): readonly (readonly onnx.IAttributeProto[])[] {
  return messagesAt(model, functionsOfModel).map((message) =>
    messagesAt(message, defaultsOfFunction).map((attribute) => proto.onnx.AttributeProto.decode(attribute)),
  );
}

/** The length-delimited fields of a number, without those within groups. */
function messagesAt(message: Uint8Array, wanted: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  let position = 0;
  let groups = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = message[position++] ?? 0;
      value += (byte % 128) * factor;
      if (byte < 128) return value;
    }
  };
  while (position < message.length) {
    const tag = varint();
    switch (tag % 8) {
      case 0:
        varint();
        break;
      case 1:
        position += 8;
        break;
      case 2: {
        const length = varint();
        if (groups === 0 && Math.floor(tag / 8) === wanted) found.push(message.subarray(position, position + length));
        position += length;
        break;
      }
      case 3:
        groups++;
        break;
      case 4:
        groups--;
        break;
      default:
        position += 4;
    }
  }
  return found;
}
