/** Schemas of option values: what stands on the command line, as text, to what commands work with. */
import { z } from 'zod';
import { suggestion } from '../ir/suggestion.ts';

/** A path or another text that is not empty. */
export const text = z.string({ error: 'expected a text' }).min(1, { error: 'expected a text' });

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

function numberWhere(fits: (value: number) => boolean, expected: string) {
  return z.string().transform((given, context) => {
    const value = /^[+\-\d.]/.test(given) ? Number(given) : NaN;
    if (fits(value)) return value;
    context.addIssue({ code: 'custom', message: `expected ${expected}` });
    return z.NEVER;
  });
}

const sizeUnits: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

/** Bytes, as `512MiB`, `1.5 GB` or `1048576`. */
export function byteSize() {
  return z.string().transform((given, context) => {
    const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(given) ?? [];
    const bytes = Math.floor(Number(number) * (sizeUnits[unit.toLowerCase()] ?? NaN));
    if (number !== '' && bytes >= 1 && bytes <= 2 ** 50) return bytes;
    context.addIssue({ code: 'custom', message: 'expected a size such as 512MiB, 2GiB or a number of bytes' });
    return z.NEVER;
  });
}

export function choice<const Names extends readonly [string, ...string[]]>(names: Names) {
  return z.enum(names, {
    error: ({ input }) => {
      const meant = typeof input === 'string' ? suggestion(input, names) : undefined;
      return `expected ${names.join(' or ')}${meant === undefined ? '' : ` (did you mean ${meant}?)`}`;
    },
  });
}

/** True where the flag stands. */
export const flag = z.boolean().default(false);

export const samplesHelp = 'samples: .npy, .npz, or JSON';

export const maxThreads = 64;
