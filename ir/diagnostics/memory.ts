/** Diagnostics of H3xx about what a plan takes: the memory of its engine, and the limits that it is given. */
import { defineDiagnostic } from './diagnostic.ts';

/** What a layer takes of the memory of an engine. */
export interface DemandingLayer {
  readonly name: string;
  /** Galois keys that no other layer uses at a higher level, and their bytes. */
  readonly keys: number;
  readonly keyBytes: number;
  /** Encoded. */
  readonly plaintextBytes: number;
  /** Of its results, where the most are alive in the whole program. */
  readonly ciphertextBytes: number;
}

/** What a program takes of the memory of an engine, and for what. */
export interface MemoryDemand {
  readonly degree: number;
  /** Data primes of the chain. */
  readonly primes: number;
  /** Key switching keys, that of relinearisation included. */
  readonly keys: number;
  readonly keyBytes: number;
  readonly largestKeyBytes: number;
  /** Encoded; those that find no room are encoded at each use. */
  readonly plaintextBytes: number;
  /** The most that are alive at once. */
  readonly ciphertextBytes: number;
  /** Those that take the most. */
  readonly layers: readonly DemandingLayer[];
}

export const memoryExceeded = defineDiagnostic<{
  engine: string;
  needed: number;
  limit: number;
  demand: MemoryDemand;
}>({
  code: 'H333',
  severity: 'error',
  title: 'the engine would run out of memory',
  explain:
    'Engines in WebAssembly have 4 GiB of memory: `simd` for all its workers together, `seal-wasm` for each of them, of ' +
    'which 3.5 GiB can be used. Where it will run on a machine with more, --max-memory says how much `simd` may take, up to 15.5 GiB. Keys and ciphertexts of this plan need more on the engine that it is compiled for, even ' +
    'with composite rotations in place of most keys, and with the layouts that take the least memory. The message tells ' +
    'what the smallest plan takes, and the layers that take the most of it. A key takes bytes by the square of the levels ' +
    'above the output at which it is used: activations of lower degree, or fewer layers, make all of them smaller. ' +
    'Plaintexts do not count: what finds no room is encoded at each use. Where a larger error leads to a plan that fits, it is ' +
    'named with what that plan takes.',
  message: ({ engine, needed, limit, demand }) =>
    `the plan needs ${asGibibytes(needed)} on the engine ${engine}, more than its ${asGibibytes(limit)}: ` +
    `${describeKeys(demand)}, ${readable(demand.ciphertextBytes)} for ciphertexts`,
  notes: ({ engine, demand }) => [
    ...demand.layers.map((layer) => describeLayer({ ...layer, plaintextBytes: 0 })),
    ...(demand.keyBytes > demand.ciphertextBytes
      ? ['make the path through the model shorter, by activations of lower degree or fewer layers: keys shrink with it']
      : []),
    'use a smaller batch or a smaller model',
    ...(engine === 'simd' ? [] : ['or compile for the engine simd, which takes less memory']),
  ],
});

export const limitsTooTight = defineDiagnostic<{
  broken: readonly { readonly option: string; readonly needed: number; readonly most: number }[];
  degree: number;
  /** Of a plan that takes more memory than it may. */
  demand: MemoryDemand | undefined;
}>({
  code: 'H340',
  severity: 'error',
  title: 'no plan keeps the limits',
  explain:
    'With --max-memory, --max-upload and --max-keys the compiler refuses plans that need more: peak memory of the engine, ' +
    'bytes of the input ciphertexts of one run, Galois keys. It searched layouts that save what is limited, and composed ' +
    'rotations of fewer keys; every plan exceeds a limit. The message tells the one that exceeds them least, and what takes ' +
    'its memory where that is the limit: keys, encoded plaintexts, ciphertexts, and the layers with the most of them.',
  message: ({ broken, degree, demand }) =>
    `the nearest plan, at N = ${degree}, needs ${broken.map(describeExcess).join(', and ')}` +
    (demand === undefined
      ? ''
      : `: ${describeKeys(demand)}, ${readable(demand.plaintextBytes)} for plaintexts, ` +
        `${readable(demand.ciphertextBytes)} for ciphertexts`),
  notes: ({ broken, demand }) => [
    ...(demand?.layers ?? []).map(describeLayer),
    ...broken.map(
      ({ option, needed }) => `allow it with ${option} ${option === '--max-keys' ? needed : asSize(needed)}`,
    ),
    'or make the model smaller',
  ],
});

/** Such as `6.24 GiB for 14 keys of up to 0.48 GiB`. */
function describeKeys({ keys, keyBytes, largestKeyBytes }: MemoryDemand): string {
  const size = keys === 1 ? '' : ` of up to ${readable(largestKeyBytes)}`;
  return `${readable(keyBytes)} for ${counted(keys, 'key')}${size}`;
}

/** Such as `"conv1" (Conv) takes 1.20 GiB: 310 MiB for plaintexts, 0.90 GiB for 3 keys`. */
function describeLayer({ name, keys, keyBytes, plaintextBytes, ciphertextBytes }: DemandingLayer): string {
  const parts = [
    ...(keys > 0 ? [`${readable(keyBytes)} for ${counted(keys, 'key')} that no other layer uses as high`] : []),
    ...(plaintextBytes > 0 ? [`${readable(plaintextBytes)} for its plaintexts`] : []),
    ...(ciphertextBytes > 0 ? [`${readable(ciphertextBytes)} for results that are kept`] : []),
  ];
  const total = readable(keyBytes + plaintextBytes + ciphertextBytes);
  return parts.length === 0 ? `${name} takes little` : `${name} takes ${total}: ${parts.join(', ')}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function describeExcess({ option, needed, most }: { option: string; needed: number; most: number }): string {
  const [more, limit] = [needed, most].map((value) => (option === '--max-keys' ? String(value) : asSize(value)));
  return `${more ?? ''} where ${option} allows ${limit ?? ''}${describeRatio(needed / most)}`;
}

/** Of what is needed to what is allowed: nothing for none of something. */
function describeRatio(ratio: number): string {
  if (!Number.isFinite(ratio)) return '';
  return ratio < 2 ? ` (${Math.ceil(100 * (ratio - 1))}% more)` : ` (${Number(ratio.toPrecision(2))} times as much)`;
}

function readable(bytes: number): string {
  return bytes < 2 ** 29 ? `${Math.ceil(bytes / 2 ** 20)} MiB` : asGibibytes(bytes);
}

/** Rounded up, so that what exceeds a limit does not look equal to it. */
function asGibibytes(bytes: number): string {
  return `${(Math.ceil((100 * bytes) / 2 ** 30) / 100).toFixed(2)} GiB`;
}

/** As the options take it, rounded up. */
function asSize(bytes: number): string {
  if (bytes < 2 ** 10) return `${bytes}B`;
  return bytes < 2 ** 20 ? `${Math.ceil(bytes / 2 ** 10)}KiB` : `${Math.ceil(bytes / 2 ** 20)}MiB`;
}
