/** What the bytes of a file look like, for messages about one that is not what it should be. */

/** As many as tell. */
export const tellingBytes = 256;

const signatures: readonly (readonly [prefix: readonly number[], what: string])[] = [
  [[0x50, 0x4b, 0x03, 0x04], 'a ZIP archive, as plans, .npz files and models of PyTorch are'],
  [[0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59], 'a numpy array (.npy)'],
  [[0x89, 0x50, 0x4e, 0x47], 'a PNG image'],
  [[0xff, 0xd8, 0xff], 'a JPEG image'],
  [[0x25, 0x50, 0x44, 0x46], 'a PDF document'],
  [[0x1f, 0x8b], 'a gzip archive'],
  [[0x89, 0x48, 0x44, 0x46], 'an HDF5 file, as Keras writes'],
  [[0x80, 0x02], 'a pickle of Python'],
  [[0x80, 0x04], 'a pickle of Python'],
  [[0x80, 0x05], 'a pickle of Python'],
  // The field ir_version, which is below 32, and what follows it.
  ...Array.from({ length: 31 }, (_, version) => [[0x08, version + 1, 0x12], 'an ONNX model'] as const),
  ...Array.from({ length: 31 }, (_, version) => [[0x08, version + 1, 0x3a], 'an ONNX model'] as const),
];

const kindsOfEnvelopes: Readonly<Record<string, string>> = {
  'secret-key': 'a secret key',
  'public-key': 'a public key',
  'evaluation-keys': 'evaluation keys',
  inputs: 'encrypted inputs',
  outputs: 'encrypted outputs',
  'refresh-request': 'values to be refreshed',
  'refresh-answer': 'refreshed values',
  'paused-evaluation': 'a paused evaluation',
};

/** By the first `tellingBytes`, or all where there are fewer; undefined where they say nothing. */
export function kindOfBytes(head: Uint8Array): string | undefined {
  if (head.length === 0) return 'empty';
  const found = signatures.find(([prefix]) => prefix.every((byte, i) => head[i] === byte));
  if (found !== undefined) return found[1];
  const text = new TextDecoder('latin1').decode(head.subarray(0, tellingBytes));
  if (text.startsWith('HEPC')) {
    const [, kind = ''] = /"kind":"([a-z-]+)"/.exec(text) ?? [];
    return kindsOfEnvelopes[kind] ?? 'a file of keys or ciphertexts';
  }
  if (/^\s*<(!doctype|html)/i.test(text)) return 'a page in HTML, as a failed download leaves';
  if (text.startsWith('hepc.ir ')) return 'a text of the IR (.ir)';
  if (/^\s*[[{]/.test(text)) return 'JSON';
  return /^[\t\n\r\x20-\x7e]+$/.test(text) ? 'text' : undefined;
}
