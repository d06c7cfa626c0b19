/** Damage to files, for properties that say what readers do with it. */
import fc from 'fast-check';

type Mutation =
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'set'; readonly at: number; readonly value: number }
  | { readonly kind: 'insert'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'remove'; readonly at: number; readonly count: number }
  | { readonly kind: 'truncate'; readonly at: number };

/** Positions are fractions of the file's length, biased towards its ends, where the headers are. */
const position = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.double({ min: 0, max: 0.1, noNaN: true }),
  fc.double({ min: 0.9, max: 1, noNaN: true }),
);
/** Bytes that headers give a meaning to, next to arbitrary ones. */
const byte = fc.oneof(
  fc.nat(255),
  fc.constantFrom(0, 1, 0x7f, 0x80, 0xff, ...new TextEncoder().encode("0123(),'<>{}LPK")),
);

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: position, bit: fc.nat(7) }),
  fc.record({ kind: fc.constant('set' as const), at: position, value: byte }),
  fc.record({
    kind: fc.constant('insert' as const),
    at: position,
    bytes: fc.array(byte, { minLength: 1, maxLength: 8 }).map((bytes) => Uint8Array.from(bytes)),
  }),
  fc.record({ kind: fc.constant('remove' as const), at: position, count: fc.integer({ min: 1, max: 8 }) }),
  fc.record({ kind: fc.constant('truncate' as const), at: position }),
);

/** One of `files`, damaged one to four times. */
export function damaged(files: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(fc.constantFrom(...files), fc.array(mutation, { minLength: 1, maxLength: 4 }))
    .map(([file, mutations]) => mutations.reduce(mutate, file));
}

function mutate(file: Uint8Array, mutation: Mutation): Uint8Array {
  const at = Math.min(Math.floor(mutation.at * file.length), Math.max(0, file.length - 1));
  switch (mutation.kind) {
    case 'flip':
      return file.map((value, i) => (i === at ? value ^ (1 << mutation.bit) : value));
    case 'set':
      return file.map((value, i) => (i === at ? mutation.value : value));
    case 'insert':
      return Uint8Array.from([...file.subarray(0, at), ...mutation.bytes, ...file.subarray(at)]);
    case 'remove':
      return Uint8Array.from([...file.subarray(0, at), ...file.subarray(at + mutation.count)]);
    case 'truncate':
      return file.slice(0, at);
  }
}
