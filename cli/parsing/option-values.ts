/** Schemas of option values: what stands on the command line, as text, to what commands work with. */
import { z } from 'zod';
import { maxSlots } from '../../ir/parameters.ts';
import { alternatives, suggestion } from '../../ir/suggestion.ts';
import { isPowerOfTwo } from '../../ir/tile/layout.ts';

/** A path or another text that is not empty. */
export const text = z.string({ error: 'expected a text' }).min(1, { error: 'expected a text' });

/** Names with commas between them. */
export function nameList() {
  return text.transform((given, context) => {
    const names = given.split(',').map((name) => name.trim());
    if (names.every((name) => name !== '')) return names;
    context.addIssue({ code: 'custom', message: 'expected names with commas between them' });
    return z.NEVER;
  });
}

export function wholeNumber(least: number, most: number) {
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  return numberWhere(
    (value) => Number.isSafeInteger(value) && value >= least && value <= most,
    `a whole number ${range}`,
  );
}

/** A number above 0 and at most `most`. */
export function positive(most: number) {
  return numberWhere((value) => value > 0 && value <= most, `a number above 0 and at most ${most}`);
}

/** A part of a whole, as `0.01` or `1%`: above 0 and at most all of it. */
export function part() {
  return partWhere((value) => value > 0 && value <= 1, 'a number above 0 and at most 1, or per cent such as 1%');
}

/** As `part`, from nothing to less than all of it. */
export function partBelow() {
  return partWhere((value) => value >= 0 && value < 1, 'a number of at least 0 and below 1, or per cent such as 1%');
}

function partWhere(fits: (value: number) => boolean, expected: string) {
  return z.string().transform((given, context) => {
    const [, number = ''] = /^\s*([+\d.][\d.e+-]*)\s*%\s*$/i.exec(given) ?? [];
    // Through a decimal text: 1.35 / 100 is not 0.0135.
    const value = number === '' ? numberOf(given) : Number((Number(number) / 100).toPrecision(12));
    if (fits(value)) return value;
    context.addIssue({ code: 'custom', message: `expected ${expected}` });
    return z.NEVER;
  });
}

function numberOf(given: string): number {
  return /^[+\-\d.]/.test(given) ? Number(given) : NaN;
}

function numberWhere(fits: (value: number) => boolean, expected: string) {
  return z.string().transform((given, context) => {
    const value = numberOf(given);
    if (fits(value)) return value;
    context.addIssue({ code: 'custom', message: `expected ${expected}` });
    return z.NEVER;
  });
}

const sizeUnits: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

/** A number of at least 0 and below 1. */
export function share() {
  return numberWhere((value) => value >= 0 && value < 1, 'a number of at least 0 and below 1');
}

/** A number of at least 0 and at most `most`. */
export function amount(most: number) {
  return numberWhere((value) => value >= 0 && value <= most, `a number from 0 to ${most}`);
}

/** Bytes, as `512MiB`, `1.5 GB` or `4096 B`: a number alone may have been meant in any unit. */
export function byteSize() {
  return z.string().transform((given, context) => {
    const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(given) ?? [];
    const bytes = Math.floor(Number(number) * (sizeUnits[unit.toLowerCase()] ?? NaN));
    if (number !== '' && bytes >= 1 && bytes <= 2 ** 50) return bytes;
    const meant = number !== '' && unit === '' ? ` (did you mean ${number}MiB?)` : '';
    context.addIssue({ code: 'custom', message: `expected a size with its unit, such as 512MiB or 2GiB${meant}` });
    return z.NEVER;
  });
}

/** Weights of a product, as `4x8`: outputs x inputs. */
export function tileShape() {
  return z.string().transform((given, context) => {
    const [, rows = '', columns = ''] = /^(\d+)x(\d+)$/i.exec(given) ?? [];
    const shape = { rows: Number(rows), columns: Number(columns) };
    const fits = (extent: number) => isPowerOfTwo(extent) && extent <= maxSlots;
    if (rows !== '' && fits(shape.rows) && fits(shape.columns) && fits(shape.rows * shape.columns)) return shape;
    context.addIssue({
      code: 'custom',
      message: `expected outputs x inputs of a tile, both powers of two, such as 4x8, together at most ${maxSlots}`,
    });
    return z.NEVER;
  });
}

export function choice<const Names extends readonly [string, ...string[]]>(names: Names) {
  return z.enum(names, {
    error: ({ input }) => {
      const meant = typeof input === 'string' ? suggestion(input, names) : undefined;
      return `expected ${alternatives(names)}${meant === undefined ? '' : ` (did you mean ${meant}?)`}`;
    },
  });
}

/** True where the flag stands. */
export const flag = z.boolean().default(false);

export const samplesHelp = 'samples: .npy, .npz, JSON, or CSV with a sample in each row';

export const maxThreads = 64;
