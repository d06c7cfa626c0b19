/** Changes of texts by lines and by words, and of the numbers in them. */
import { joined, mutateBytes } from './bytes.ts';
import type { Draw } from './draw.ts';

const numbers = [
  '0',
  '-1',
  '1',
  '1e999',
  '-0',
  '0.5',
  '1e300',
  '5e-324',
  '4294967296',
  '9007199254740993',
  '007',
  '1e',
];
const words = [
  '%0',
  '%99999999',
  '@x',
  '"',
  '(',
  ')',
  '[',
  ']',
  '{',
  '}',
  '->',
  ':',
  ',',
  '=',
  'nan',
  'inf',
  '\0',
  '\u2028',
  '//',
];

/** `text` with one to four changes; lines are also taken from `others`. */
export function mutateText(draw: Draw, text: string, others: readonly string[] = []): Uint8Array {
  let result = text;
  for (let left = draw.few(4); left > 0; left--) result = changeOnce(draw, result, others);
  const bytes = new TextEncoder().encode(result);
  return draw.chance(0.05) ? mutateBytes(draw, bytes) : joined(bytes);
}

function changeOnce(draw: Draw, text: string, others: readonly string[]): string {
  if (draw.chance(0.35)) return changeLines(draw, text.split('\n'), others).join('\n');
  const tokens = text.match(/\s+|\w+|[^\w\s]/gu) ?? [];
  if (tokens.length === 0) return draw.pick(words);
  const i = draw.below(tokens.length);
  const token = tokens[i] ?? '';
  switch (draw.below(6)) {
    case 0:
      tokens.splice(i, 1);
      break;
    case 1:
      tokens.splice(i, 0, token);
      break;
    case 2: {
      const j = draw.below(tokens.length);
      [tokens[i], tokens[j]] = [tokens[j] ?? '', token];
      break;
    }
    case 3:
      tokens[i] = draw.pick(words);
      break;
    default: {
      const places = tokens.flatMap((each, place) => (/^\d+$/.test(each) ? [place] : []));
      const place = places.length === 0 ? i : draw.pick(places);
      tokens[place] = draw.chance(0.5) ? draw.pick(numbers) : String(Number(tokens[place]) + draw.pick([1, -1, 64]));
    }
  }
  return tokens.join('');
}

function changeLines(draw: Draw, lines: string[], others: readonly string[]): string[] {
  const i = draw.below(lines.length);
  const line = lines[i] ?? '';
  switch (draw.below(4)) {
    case 0:
      return lines.toSpliced(i, 1);
    case 1:
      return lines.toSpliced(draw.below(lines.length), 0, line);
    case 2: {
      const j = draw.below(lines.length);
      return lines.with(i, lines[j] ?? '').with(j, line);
    }
    default: {
      const source = others.length > 0 ? draw.pick(others).split('\n') : lines;
      return lines.toSpliced(i, draw.below(2), draw.pick(source));
    }
  }
}
