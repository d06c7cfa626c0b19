/** Changes of JSON values that keep them JSON: what schemas and checks behind a parser have to stand. */
import type { Draw } from './draw.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const numbers = [
  0,
  -0,
  1,
  -1,
  2,
  3,
  0.5,
  -0.5,
  1e-300,
  5e-324,
  1e300,
  -1e300,
  1.7976931348623157e308,
  255,
  256,
  4096,
  8192,
  65536,
  2 ** 24,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31),
  2 ** 32,
  2 ** 53 - 1,
  2 ** 53,
  2 ** 60,
];
const strings = [
  '',
  ' ',
  'x',
  '0',
  'NaN',
  '\0',
  'a\nb',
  '\r',
  '\x1b[31mred\x1b[0m',
  '\x07\b',
  '\u007f\u0085\u009b1m',
  '\u202egnp',
  '\ud800',
  '../../x',
  '__proto__',
  'constructor',
  'toString',
  'ü'.repeat(600),
  'x'.repeat(5000),
];

/** `value`, with one to four of its parts changed, dropped, doubled or swapped. */
export function mutateJson(draw: Draw, value: Json): Json {
  let result = value;
  for (let left = draw.few(4); left > 0; left--) result = at(draw, result, draw.below(countOf(result)));
  return result;
}

/** How many values there are, this one included. */
function countOf(value: Json): number {
  if (typeof value !== 'object' || value === null) return 1;
  return childrenOf(value).reduce<number>((sum, child) => sum + countOf(child), 1);
}

function childrenOf(value: Json[] | { [key: string]: Json }): Json[] {
  return Array.isArray(value) ? value : Object.values(value);
}

/** A copy in which the value of this number, counted in order, is changed; what is not on the way is shared. */
function at(draw: Draw, value: Json, number: number): Json {
  if (number === 0 || typeof value !== 'object' || value === null) return changed(draw, value);
  let left = number - 1;
  const step = (child: Json): Json => {
    const count = countOf(child);
    const mine = left >= 0 && left < count;
    const own = left;
    left -= count;
    return mine ? at(draw, child, own) : child;
  };
  if (Array.isArray(value)) return value.map(step);
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, step(child)]));
}

function changed(draw: Draw, value: Json): Json {
  if (draw.chance(0.12)) return draw.pick<Json>([null, true, false, '', 0, [], {}, [[]], 'entry', 'identity']);
  if (typeof value === 'number') return changedNumber(draw, value);
  if (typeof value === 'string') return changedString(draw, value);
  if (typeof value === 'boolean') return !value;
  if (value === null) return draw.pick<Json>([0, '', false]);
  return Array.isArray(value) ? changedList(draw, value) : changedObject(draw, value);
}

function changedNumber(draw: Draw, value: number): number {
  const near = [value + 1, value - 1, value * 2, value / 2, -value, value + 0.5, value * (1 + 1e-12), value * 1e6];
  const result = draw.pick(draw.chance(0.5) ? near : numbers);
  return Number.isFinite(result) ? result : 0;
}

function changedString(draw: Draw, value: string): string {
  if (draw.chance(0.5)) return draw.pick(strings);
  const place = draw.below(value.length + 1);
  const insert = draw.pick(['\n', '\0', '\x1b[2J', '"', '\\', '/', '0', 'f', '']);
  return value.slice(0, place) + insert + value.slice(place + draw.below(2));
}

function changedList(draw: Draw, value: readonly Json[]): Json[] {
  const list = [...value];
  if (list.length === 0) return [draw.pick<Json>([0, '', null, {}, []])];
  const [i, j] = [draw.below(list.length), draw.below(list.length)];
  const [a = null, b = null] = [list[i], list[j]];
  switch (draw.below(5)) {
    case 0:
      list.splice(i, 1);
      return list;
    case 1:
      list.splice(j, 0, a);
      return list;
    case 2:
      return list.toReversed();
    case 3:
      return draw.chance(0.1) ? Array.from({ length: 3000 }, () => a) : list.slice(0, i);
    default:
      list[i] = b;
      list[j] = a;
      return list;
  }
}

function changedObject(draw: Draw, value: { readonly [key: string]: Json }): Json {
  const entries = Object.entries(value);
  if (entries.length === 0) return { x: 0 };
  const i = draw.below(entries.length);
  const [key = '', own = null] = entries[i] ?? [];
  switch (draw.below(5)) {
    case 0:
      return Object.fromEntries(entries.toSpliced(i, 1));
    case 1:
      return Object.fromEntries([...entries, [draw.pick(strings), own]]);
    case 2:
      return Object.fromEntries(entries.toReversed());
    case 3:
      return { ...value, [key]: draw.pick(entries)[1] };
    default:
      return Object.fromEntries(entries.with(i, [changedString(draw, key), own]));
  }
}
