/** The build for wide memories gives the bits of the other one, below 4 GiB and beyond, of every kernel. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from '../../../../../ir/random.ts';
import { fillEmbeddingTables } from '../../../../../runtime/rns/memory/embedding-tables.ts';
import { anyPrimitiveRoot } from '../../../../../runtime/rns/memory/primitive-root.ts';
import { writeAddresses } from '../../../../../runtime/rns/memory/addresses.ts';
import { fillPrimes, primesBytes } from '../../../../../runtime/rns/memory/context.ts';
import { limbStride } from '../../../../../runtime/rns/memory/layout.ts';
import { type Kernels, primeRecord } from '../../../../../runtime/rns/kernels/kernels.ts';
import {
  type Addressing,
  compileKernels,
  createMemory,
  growMemory,
  hasWideMemory,
  instantiate,
  mostMemoryBytes,
  pageBytes,
} from '../../../../../runtime/rns/kernels/module.ts';
import { primesFor, randomLimb, writeLimb } from '../../../../support/simd.ts';

const limbCount = 12;
const roomBytes = 2 ** 22;
const wordsBytes = 2 ** 17;

/** Kernels, and a room in their memory: records and tables, limbs, tables of embeddings, space for words and work. */
interface Room {
  readonly kernels: Kernels;
  readonly memory: WebAssembly.Memory;
  readonly base: number;
}

interface Site extends Room {
  readonly n: number;
  readonly q: number;
  readonly prime: number;
  readonly limb: (k: number) => number;
  readonly tables: number;
  /** Of a region for words, with room for seeds and work after them. */
  readonly words: number;
  readonly seed: number;
  readonly work: number;
}

async function openRoom(addressing: Addressing, base: number): Promise<Room> {
  const memory = createMemory(base + roomBytes, addressing);
  const module = await compileKernels(addressing);
  return { kernels: instantiate(module, memory), memory, base };
}

const rooms = await Promise.all([
  openRoom('narrow', pageBytes),
  openRoom('wide', pageBytes),
  openRoom('wide', 5 * 2 ** 30),
  // Across the border.
  openRoom('wide', 2 ** 32 - 2 ** 16),
]);

/** The site of a room with limbs of the same random residues in each. */
function openSite({ kernels, memory, base }: Room, n: number, q: number, seed: number): Site {
  new Uint8Array(memory.buffer, base, roomBytes).fill(0);
  const [prime = 0] = fillPrimes(kernels, memory, n, [q], base);
  const limbs = base + primesBytes(n, 1);
  const limb = (k: number): number => limbs + k * limbStride(n);
  const random = seededRandom(seed);
  for (let k = 0; k < limbCount; k++) writeLimb(memory, limb(k), randomLimb(random, n, q));
  const tables = limb(limbCount);
  fillEmbeddingTables(memory.buffer, tables, n);
  const words = base + roomBytes - wordsBytes;
  const seedAt = words + wordsBytes / 2;
  new Uint8Array(memory.buffer, seedAt, 64).set(Array.from({ length: 64 }, () => random.integer(0, 255)));
  return { kernels, memory, base, n, q, prime, limb, tables, words, seed: seedAt, work: seedAt + 64 };
}

/** Where all sites have the same bytes: behind the record, which holds addresses, and before the words, which may. */
function contentsOf({ memory, base }: Room): Uint8Array {
  return new Uint8Array(memory.buffer, base + primeRecord.bytes, roomBytes - wordsBytes - primeRecord.bytes);
}

function factorAt({ memory, words, q }: Site): number {
  new Float64Array(memory.buffer, words, 2).set([3, 3 / q]);
  return words;
}

function permutationAt({ kernels, words, n }: Site): number {
  kernels.fillPermutation(words, 5, n);
  return words;
}

function residuesAt(site: Site): number {
  site.kernels.store(site.limb(0), site.limb(1), site.prime);
  return site.limb(1);
}

/** A call of each kernel; what it gives is compared, and all memory that it may have changed. */
const calls: { readonly [K in keyof Kernels]: (site: Site) => unknown } = {
  isFused: ({ kernels }) => kernels.isFused(),
  smallestRoot: ({ kernels, prime, q, n }) => kernels.smallestRoot(prime, anyPrimitiveRoot(q, n)),
  fillTables: ({ kernels, prime, q, n }) => {
    kernels.fillTables(prime, anyPrimitiveRoot(q, n));
  },
  forward: ({ kernels, limb, prime }) => {
    kernels.forward(limb(0), prime);
  },
  forwardFrom: ({ kernels, limb, prime, q }) => {
    kernels.forwardFrom(limb(0), q, limb(1), prime);
  },
  forwardConverted: ({ kernels, memory, limb, prime, words, n, q }) => {
    new Float64Array(memory.buffer, words, 5).set([12345, 1 / q, -77, 1 / (q - 2), 99]);
    kernels.forwardConverted(limb(0), limbStride(n), 2, words, limb(3), prime);
  },
  inverse: ({ kernels, limb, prime }) => {
    kernels.inverse(limb(0), prime);
  },
  inverseFrom: ({ kernels, limb, prime }) => {
    kernels.inverseFrom(limb(0), limb(1), prime);
  },
  inverseTimes: (site) => {
    const { kernels, limb, prime } = site;
    kernels.inverseTimes(limb(0), limb(1), factorAt(site), prime);
  },
  add: ({ kernels, limb, prime, n }) => {
    kernels.add(limb(0), limb(1), limb(2), prime, 2, n);
  },
  sum: ({ kernels, memory, limb, prime, words, n }) => {
    writeAddresses(memory.buffer, words, [0, 1, 2, 3, 1].map(limb));
    kernels.sum(words, 5, limb(4), prime, 2, n);
  },
  multiply: ({ kernels, limb, prime, n }) => {
    kernels.multiply(limb(0), limb(1), limb(2), prime, 0, n - 2);
  },
  multiplyAccumulate: ({ kernels, memory, limb, prime, words, work, n }) => {
    writeAddresses(memory.buffer, words, [0, 1, 2, 3, 4, 5, 6, 0, 2].map(limb));
    kernels.multiplyAccumulate(words, 3, work, limb(8), limb(9), prime, 0, n);
  },
  tensor: ({ kernels, limb, prime, n }) => {
    kernels.tensor(limb(0), limb(1), limb(2), limb(3), limb(4), limb(5), limb(6), prime, 0, n);
  },
  square: ({ kernels, limb, prime, n }) => {
    kernels.square(limb(0), limb(1), limb(4), limb(5), limb(6), prime, 0, n);
  },
  permute: (site) => {
    const { kernels, limb, n } = site;
    kernels.permute(limb(0), limb(1), permutationAt(site), 0, n);
  },
  fillPermutation: ({ kernels, limb, n }) => {
    kernels.fillPermutation(limb(0), 2 * n - 1, n);
  },
  inner: (site) => {
    const { kernels, memory, limb, prime, n, words, q } = site;
    const permutation = permutationAt(site);
    const digits = words + 2 * n;
    writeAddresses(memory.buffer, digits, [0, 1].map(limb));
    const factor = digits + 64;
    new Float64Array(memory.buffer, factor, 2).set([3, 3 / q]);
    kernels.inner(digits, 2, limb(2), 64, permutation, limb(1), factor, limb(10), limb(11), prime, 0, 0, n);
    kernels.inner(digits, 2, limb(2), 64, 0, 0, 0, limb(8), limb(9), prime, 1, 0, n);
  },
  divide: (site) => {
    const { kernels, memory, limb, prime, n, words, q } = site;
    const permutation = permutationAt(site);
    const factor = words + 2 * n;
    new Float64Array(memory.buffer, factor, 2).set([3, 3 / q]);
    kernels.divide(limb(0), limb(1), factor, limb(2), permutation, limb(3), prime, 0, n);
    kernels.divide(limb(0), limb(1), factor, 0, 0, limb(4), prime, 0, n);
  },
  addPermuted: (site) => {
    const { kernels, memory, limb, prime, n, words, q } = site;
    const factor = words + 2 * n;
    new Float64Array(memory.buffer, factor, 2).set([3, 3 / q]);
    kernels.addPermuted(limb(0), permutationAt(site), factor, limb(2), prime, 0, n);
  },
  embed: ({ kernels, limb, tables, n }) => kernels.embed(limb(0), 2 ** -20, tables, limb(1), limb(3), n),
  reduce: ({ kernels, limb, prime }) => {
    kernels.reduce(limb(0), limb(1), prime, 2);
  },
  load: (site) => site.kernels.load(residuesAt(site), site.limb(2), site.prime),
  store: ({ kernels, limb, prime }) => {
    kernels.store(limb(0), limb(1), prime);
  },
  loadKey: (site) => site.kernels.loadKey(residuesAt(site), site.limb(2), 64, 1, 1, site.prime),
  expandSeed: ({ kernels, memory, limb, prime, words, seed, work }) => {
    writeAddresses(memory.buffer, words, [prime, prime]);
    kernels.expandSeed(seed, words, 2, limb(0), work);
  },
  unpackResidues: ({ kernels, limb, prime }) => {
    kernels.packResidues(limb(0), limb(1), prime);
    return kernels.unpackResidues(limb(1), limb(2), 16, prime);
  },
  packResidues: ({ kernels, limb, prime }) => {
    kernels.packResidues(limb(0), limb(1), prime);
  },
  chacha20: ({ kernels, limb, seed }) => {
    kernels.chacha20(seed, 3, limb(0), 2);
  },
  expandUniform: ({ kernels, limb, prime, seed, work }) => {
    kernels.expandUniform(seed, limb(0), 32, prime, work);
  },
  sampleTernary: ({ kernels, limb, n, seed, work }) => {
    kernels.sampleTernary(seed, limb(0), n, work);
  },
  sampleError: ({ kernels, limb, n, seed, work }) => {
    kernels.sampleError(seed, limb(0), n, work);
  },
  addProduct: ({ kernels, limb, prime }) => {
    kernels.addProduct(limb(0), limb(1), limb(2), prime);
  },
  subtractProduct: ({ kernels, limb, prime }) => {
    kernels.subtractProduct(limb(0), limb(1), limb(2), prime);
  },
  addMultiple: ({ kernels, limb, prime }) => {
    kernels.addMultiple(limb(0), limb(1), 12345, prime);
  },
};

test.each(Object.entries(calls))('%s', (_, call) => {
  const sizes = fc.record({ log: fc.integer({ min: 5, max: 12 }), bits: fc.constantFrom(48, 30), seed: fc.nat() });
  fc.assert(
    fc.property(sizes, ({ log, bits, seed }) => {
      const n = 2 ** log;
      const [q = 0] = primesFor(n, bits, 1);
      const [narrow, ...others] = rooms.map((room) => {
        const result = call(openSite(room, n, q, seed));
        return { result, contents: contentsOf(room) };
      });
      for (const { result, contents } of others) {
        expect(result).toBe(narrow?.result);
        expect(Buffer.compare(contents, narrow?.contents ?? new Uint8Array())).toBe(0);
      }
    }),
    { numRuns: 5 },
  );
});

test('what is no address traps', () => {
  const { kernels } = rooms[1];
  for (const address of [-16, NaN, 2 ** 34, 2 ** 70])
    expect(() => {
      kernels.add(address, address, address, pageBytes, 0, 16);
    }).toThrow(WebAssembly.RuntimeError);
});

test('memories grow beyond 4 GiB, up to 16', () => {
  expect(hasWideMemory()).toBe(true);
  const memory = createMemory(pageBytes, 'wide');
  growMemory(memory, 2 ** 17, 'wide');
  expect(memory.buffer.byteLength).toBe(2 ** 33 + pageBytes);
  expect(() => {
    growMemory(memory, 2 ** 17, 'wide');
  }).toThrow(RangeError);
  expect(createMemory(mostMemoryBytes.wide, 'wide').buffer.byteLength).toBe(2 ** 34);
});
