/**
 * Random managed programs of 16 slots for the passes from rows to steps: sums of products with plaintexts in every
 * shape, of values that others read too or not, rotations of one value together and alone, products of ciphertexts
 * that are relinearised, rescaled or not, and rows that nothing needs. Scales are all one: steps do not know them.
 */
import fc from 'fast-check';
import { Constant } from '../../../../../ir/constant.ts';
import { HeBuilder, type HeModule } from '../../../../../ir/he/module.ts';
import type { HeOpName } from '../../../../../ir/he/ops.ts';
import { PlaintextBuilder } from '../../../../../ir/he/plaintexts.ts';
import type { Parameters } from '../../../../../ir/parameters.ts';
import { seededRandom } from '../../../../../ir/random.ts';

const slots = 16;
const plaintextCount = 24;
const inputs = 4;
const topLevel = 3;
/** Squares of squares would leave the range of doubles. */
const mostOfFactor = 1e30;

const kinds = [
  'sum',
  'add-plain',
  'multiply-plain',
  'product',
  'sum of products',
  'sum of rotations',
  'matrix',
  'rotate',
  'rotations',
  'conjugate',
  'rescale',
  'mod-switch',
] as const;

interface Action {
  readonly kind: (typeof kinds)[number];
  readonly picks: readonly number[];
  readonly flag: boolean;
}

export type ManagedProgram = HeModule & { readonly parameters: Parameters };

export const managedProgram: fc.Arbitrary<ManagedProgram> = fc
  .array(
    fc.record({
      kind: fc.constantFrom(...kinds),
      picks: fc.array(fc.nat(200), { minLength: 2, maxLength: 30 }),
      flag: fc.boolean(),
    }),
    { minLength: 1, maxLength: 30, size: 'max' },
  )
  .map(writeProgram);

function writeProgram(actions: readonly Action[]): ManagedProgram {
  const writer = new Writer();
  for (const { kind, picks, flag } of actions) {
    const [first = 0, second = 0] = picks;
    const a = writer.pick(first);
    switch (kind) {
      case 'sum': {
        const b = writer.pickLike(a, second);
        writer.offer(writer.op('add', a, b));
        break;
      }
      case 'add-plain':
      case 'multiply-plain':
        writer.offer(writer.op(kind, a, second % plaintextCount));
        break;
      case 'product': {
        if (writer.boundOf(a) > mostOfFactor) break;
        const like = writer.pickLike(a, second);
        const b = writer.boundOf(like) > mostOfFactor ? a : like;
        const product = writer.op('multiply', writer.small(a), writer.small(b));
        if (flag) writer.offer(product);
        writer.offer(writer.lowered(writer.op('relinearize', product)));
        break;
      }
      case 'sum of products': {
        const terms = picks.map((pick, k) => {
          const value = writer.pickLike(a, pick);
          return k % 5 === 4 ? value : writer.op('multiply-plain', value, pick % plaintextCount);
        });
        writer.offer(writer.sum(terms, flag));
        break;
      }
      case 'sum of rotations': {
        const terms = picks.map((pick) => writer.rotate(writer.small(writer.pickLike(a, pick)), pick));
        writer.offer(writer.lowered(writer.sum(terms, flag)));
        break;
      }
      case 'matrix': {
        const x = writer.small(a);
        const babies = picks.slice(0, 5).map((pick) => writer.rotate(x, pick));
        const rows = [first, second, 7].map((seed) => {
          const terms = [x, ...babies].map((baby, k) => writer.op('multiply-plain', baby, (seed + k) % plaintextCount));
          return writer.lowered(writer.sum(terms, flag));
        });
        const giants = rows.map((row, k) => (k === 0 ? row : writer.rotate(row, 3 * k)));
        writer.offer(writer.sum(giants, true));
        break;
      }
      case 'rotate':
        writer.offer(writer.rotate(writer.small(a), second));
        break;
      case 'rotations': {
        const x = writer.small(a);
        for (const pick of picks.slice(1, 4)) writer.offer(writer.rotate(x, pick));
        break;
      }
      case 'conjugate':
        writer.offer(writer.op('conjugate', writer.small(a)));
        break;
      case 'rescale':
        writer.offer(writer.lowered(writer.small(a)));
        break;
      case 'mod-switch':
        if (writer.levelOf(a) > 0) writer.offer(writer.op('mod-switch', a));
        break;
    }
  }
  return writer.finish();
}

class Writer {
  private readonly builder = new HeBuilder();
  private readonly levels: number[] = [];
  private readonly sizes: number[] = [];
  /** Of the absolute values in slots. */
  private readonly bounds: number[] = [];
  private readonly offered: number[] = [];

  constructor() {
    for (let imm = 0; imm < inputs; imm++) this.offer(this.push('input', topLevel, 2, { imm }));
    this.offer(this.push('weight', topLevel, 2, { a: 0 }));
  }

  offer(value: number): void {
    this.offered.push(value);
  }

  pick(n: number): number {
    return this.offered[n % this.offered.length] ?? 0;
  }

  /** A value of the level of `a`. */
  pickLike(a: number, n: number): number {
    const same = this.offered.filter((value) => this.levelOf(value) === this.levelOf(a));
    return same[n % same.length] ?? a;
  }

  levelOf(value: number): number {
    return this.levels[value] ?? 0;
  }

  boundOf(value: number): number {
    return this.bounds[value] ?? 1;
  }

  /** Of the level of a; `b` is a value or a plaintext. */
  op(op: HeOpName, a: number, b = -1): number {
    const sizeA = this.sizes[a] ?? 2;
    const size =
      op === 'multiply' ? 3 : op === 'relinearize' ? 2 : op === 'add' ? Math.max(sizeA, this.sizes[b] ?? 2) : sizeA;
    const lowers = op === 'rescale' || op === 'mod-switch';
    return this.push(op, this.levelOf(a) - Number(lowers), size, { a, b });
  }

  rotate(a: number, n: number): number {
    return this.push('rotate', this.levelOf(a), 2, { a, imm: 1 + (n % (slots - 1)) });
  }

  small(a: number): number {
    return this.sizes[a] === 3 ? this.op('relinearize', a) : a;
  }

  lowered(a: number): number {
    return this.levelOf(a) > 0 ? this.op('rescale', this.small(a)) : a;
  }

  /** From left to right, or as a balanced tree. */
  sum(terms: readonly number[], isChain: boolean): number {
    const [first = -1, ...rest] = terms;
    if (rest.length === 0) return first;
    if (isChain) return rest.reduce((x, y) => this.op('add', x, y), first);
    const half = Math.ceil(terms.length / 2);
    return this.op('add', this.sum(terms.slice(0, half), false), this.sum(terms.slice(half), false));
  }

  finish(): ManagedProgram {
    for (const [imm, a] of this.offered
      .slice(-3)
      .map((value) => this.small(value))
      .entries())
      this.push('output', this.levelOf(a), 2, { a, imm });
    const random = seededRandom(plaintextCount);
    const values = Float64Array.from({ length: plaintextCount * slots }, () => random.uniform() - 0.5);
    const pool = new PlaintextBuilder();
    for (let tile = 0; tile < plaintextCount; tile++) pool.add({ source: 0, tile, shift: 0, inner: 1 });
    return {
      level: 'he',
      name: 'random',
      slots,
      parameters: { polyModulusDegree: 4096, primes: [1, 2, 3, 4], specialPrimes: [5] },
      columns: this.builder.build(),
      plaintexts: pool.build(),
      packed: [new Constant([plaintextCount, slots], values)],
      origins: [[]],
    };
  }

  private push(
    op: HeOpName,
    level: number,
    size: number,
    fields: { readonly a?: number; readonly b?: number; readonly imm?: number },
  ): number {
    this.levels.push(level);
    this.sizes.push(size);
    const { a = -1, b = -1 } = fields;
    const x = this.boundOf(a);
    this.bounds.push(
      op === 'multiply' ? x * this.boundOf(b) : op === 'add' ? x + this.boundOf(b) : op === 'add-plain' ? x + 1 : x,
    );
    return this.builder.add(op, { ...fields, level, size, scale: 1, plainScale: 1 });
  }
}
