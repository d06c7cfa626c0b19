/** Plaintexts are multiplied into those of later products. */
import { z } from 'zod';

import { Constant } from '../../ir/constant.ts';
import type { HeModule } from '../../ir/he/module.ts';
import { hasStep, isPlainProduct, isSum } from '../../ir/he/traits.ts';
import { materialise, type Plaintext, plaintextAt, plaintextRow, shortestPeriod } from '../../ir/he/plaintexts.ts';
import { operandsOf, useCounts } from '../../ir/he/operands.ts';
import { HeRewriter } from '../base/he-rewriter.ts';
import { greatestCommonDivisor } from '../../ir/maths/divisors.ts';
import { definePass } from '../base/pass.ts';

export const sinkMasks = definePass({
  name: 'sink-masks',
  level: 'he',
  doc:
    'Multiplies plaintexts into those of later products, so that cleaning up slots costs neither a product nor a level: ' +
    'rotate(x · m) · w = rotate(x) · (rotate(m) · w), and (x · m + y · n) · w = x · (m · w) + y · (n · w). Applies where ' +
    'every user of the masked value is such a product, and where no product is added: a sum has a single user then, and ' +
    'its summands have no other.',
  options: z.strictObject({}),
  requires: ['unmanaged'],
  ensures: [],
  statistics: { sunk: 'products with masks that are gone' },
  run: (module) => {
    const sinks = sinkingValues(module);
    if (!sinks.includes(1)) return { module, statistics: { sunk: 0 } };
    const rewriter = new SinkingRewriter(module, sinks);
    return { module: rewriter.run(), statistics: { sunk: rewriter.sunk } };
  },
});

/**
 * 1 for products, rotations and sums that only products with plaintexts read, directly or through other such values:
 * the largest set that is closed under what the declaration demands.
 */
function sinkingValues(module: HeModule): Uint8Array {
  const { columns } = module;
  const { op, a } = columns;
  const uses = useCounts(module.columns);
  const sinks = op.map((code) => (isPlainProduct(code) || hasStep(code) || isSum(code) ? 1 : 0));
  for (let id = 0; id < op.length; id++) if (uses[id] === 0 || (isSum(op[id] ?? -1) && uses[id] !== 1)) sinks[id] = 0;
  for (let changed = true; changed;) {
    changed = false;
    const drop = (id: number): void => {
      if (sinks[id] === 0) return;
      sinks[id] = 0;
      changed = true;
    };
    for (let id = op.length - 1; id >= 0; id--) {
      const code = op[id] ?? 0;
      const operands = operandsOf(columns, id);
      const passesOn = sinks[id] === 1 && !isPlainProduct(code);
      if (!passesOn && !isPlainProduct(code)) operands.forEach(drop);
      // A rotated sum would become a sum of rotations.
      if (hasStep(code) && isSum(op[a[id] ?? -1] ?? -1)) drop(id);
      if (isSum(code) && operands.some((x) => uses[x] !== 1)) drop(id);
      if (passesOn && operands.some((x) => sinks[x] === 0)) drop(id);
    }
  }
  return sinks;
}

/** x, rotated by `step`, times the product of `factors`. */
interface Term {
  readonly source: number;
  readonly step: number;
  readonly factors: readonly Plaintext[];
}

class SinkingRewriter {
  sunk = 0;
  private readonly module: HeModule;
  private readonly sinks: Uint8Array;
  private readonly rewriter: HeRewriter;
  private readonly terms = new Map<number, readonly Term[]>();
  private readonly rotated = new Map<string, number>();

  constructor(module: HeModule, sinks: Uint8Array) {
    this.module = module;
    this.sinks = sinks;
    this.rewriter = new HeRewriter(module);
  }

  run(): HeModule {
    const { op, b } = this.module.columns;
    for (let id = 0; id < op.length; id++) {
      if (this.sinks[id] === 1) {
        if (isPlainProduct(op[id] ?? -1)) this.sunk++;
        this.terms.set(id, this.termsOf(id));
        continue;
      }
      const inner = isPlainProduct(op[id] ?? -1) ? this.terms.get(this.module.columns.a[id] ?? -1) : undefined;
      if (inner === undefined) {
        this.rewriter.keep(id);
        continue;
      }
      const own = plaintextAt(this.module.plaintexts, b[id] ?? -1);
      const products = inner.map(({ source, step, factors }) =>
        this.rewriter.insert(id, 'multiply-plain', {
          a: this.rotate(id, source, step),
          b: this.product([...factors, own]),
        }),
      );
      this.rewriter.replace(
        id,
        products.reduce((x, y) => this.rewriter.insert(id, 'add', { a: x, b: y })),
      );
    }
    return this.rewriter.finish();
  }

  private termsOf(id: number): readonly Term[] {
    const { op, a, b, imm } = this.module.columns;
    const x = a[id] ?? -1;
    const inner = this.terms.get(x);
    const { slots } = this.module;
    const code = op[id] ?? 0;
    if (isSum(code)) return [...(inner ?? []), ...(this.terms.get(b[id] ?? -1) ?? [])];
    if (hasStep(code)) {
      const step = imm[id] ?? 0;
      return (inner ?? []).map((term) => ({
        source: term.source,
        step: (term.step + step) % slots,
        factors: term.factors.map((factor) => ({ ...factor, shift: (factor.shift + step) % slots })),
      }));
    }
    const own = plaintextAt(this.module.plaintexts, b[id] ?? -1);
    const terms = inner ?? [{ source: this.rewriter.at(x), step: 0, factors: [] }];
    return terms.map((term) => ({ ...term, factors: [...term.factors, own] }));
  }

  private rotate(origin: number, source: number, step: number): number {
    if (step === 0) return source;
    const key = `${source} ${step}`;
    const known = this.rotated.get(key);
    if (known !== undefined) return known;
    const value = this.rewriter.insert(origin, 'rotate', { a: source, imm: step });
    this.rotated.set(key, value);
    return value;
  }

  /** A new packed constant with the slots of all factors multiplied, each entry once for the samples of a batch. */
  private product(factors: readonly Plaintext[]): number {
    const { packed, slots } = this.module;
    const repeated = commonRepetition(packed, factors, slots);
    const values = new Float64Array(slots / repeated).fill(1);
    const buffer = new Float64Array(values.length);
    for (const factor of factors) {
      const { shift, inner } = factor;
      const shrunken = isUniform(packed, factor)
        ? { ...factor, shift: 0, inner: 1 }
        : { ...factor, shift: shift / repeated, inner: inner / repeated };
      materialise(packed, shrunken, buffer);
      for (let s = 0; s < values.length; s++) values[s] = (values[s] ?? 0) * (buffer[s] ?? 0);
    }
    const row = shortestPeriod(values).slice();
    const source = this.rewriter.pack(new Constant([1, row.length], row));
    return this.rewriter.plaintext({ source, tile: 0, shift: 0, inner: row.length === 1 ? 1 : repeated });
  }
}

/** How many neighbouring slots hold the same value in each of the plaintexts, from slot 0 on. */
function commonRepetition(packed: readonly Constant[], plaintexts: readonly Plaintext[], slots: number): number {
  return plaintexts
    .filter((plaintext) => !isUniform(packed, plaintext))
    .flatMap(({ shift, inner }) => [Math.abs(shift), inner])
    .reduce(greatestCommonDivisor, slots);
}

function isUniform(packed: readonly Constant[], plaintext: Plaintext): boolean {
  return plaintextRow(packed, plaintext).length === 1;
}
