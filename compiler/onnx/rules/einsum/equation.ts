/**
 * Equations of Einsum (Einsum, ONNX operators; numpy.einsum): a letter for each axis of each operand, an ellipsis for
 * any number of axes that broadcast, and the axes of the result.
 */
import { invalid } from '../../proto/failure.ts';

/** Labels of axes: letters, and for the axes of an ellipsis their number from its end. */
export interface Equation {
  /** One label for each axis of each operand; a label that stands twice takes a diagonal. */
  readonly operands: readonly (readonly string[])[];
  /** Without repetition; every label is one of an operand. */
  readonly result: readonly string[];
}

const ellipsis = '...';

/** The equation for operands of the given ranks. Throws `ImportFailure` (H106) where they do not fit. */
export function parseEquation(text: string, ranks: readonly number[]): Equation {
  const [left = '', right, ...more] = text.replaceAll(' ', '').split('->');
  const terms = left.split(',').map((term) => tokensOf(term, text));
  if (more.length > 0) throw invalid(`the equation "${text}" has several arrows`);
  if (terms.length !== ranks.length)
    throw invalid(`the equation "${text}" is for ${terms.length} operands, there are ${ranks.length}`);
  const operands = terms.map((tokens, i) => labelsOf(tokens, ranks[i] ?? 0, text));
  const widest = Math.max(0, ...operands.map((labels) => labels.filter(isEllipsisAxis).length));
  const result = right === undefined ? impliedResult(operands) : tokensOf(right, text);
  const labels = result.flatMap((token) => (token === ellipsis ? ellipsisAxes(widest) : [token]));
  const known = new Set(operands.flat());
  const bad = labels.find((label, i) => !known.has(label) || labels.indexOf(label) !== i);
  if (bad !== undefined) throw invalid(`the result of "${text}" has "${bad}" twice, or no operand has it`);
  if (widest > 0 && !result.includes(ellipsis)) throw invalid(`the result of "${text}" lacks the ellipsis`);
  return { operands, result: labels };
}

/** Letters and at most one ellipsis. */
function tokensOf(term: string, equation: string): readonly string[] {
  const tokens: readonly string[] = term.match(/\.\.\.|[a-zA-Z]/g) ?? [];
  const twice = tokens.indexOf(ellipsis) !== tokens.lastIndexOf(ellipsis);
  if (tokens.join('') !== term || twice) throw invalid(`"${term}" of the equation "${equation}" is no list of axes`);
  return tokens;
}

function labelsOf(tokens: readonly string[], rank: number, equation: string): readonly string[] {
  const rest = rank - tokens.filter((token) => token !== ellipsis).length;
  if (rest < 0 || (rest > 0 && !tokens.includes(ellipsis)))
    throw invalid(`"${tokens.join('')}" of the equation "${equation}" is for an operand of rank ${rank}`);
  return tokens.flatMap((token) => (token === ellipsis ? ellipsisAxes(rest) : [token]));
}

/** What stands once, in the order of the alphabet, behind the ellipsis. */
function impliedResult(operands: readonly (readonly string[])[]): readonly string[] {
  const letters = operands.flat().filter((label) => !isEllipsisAxis(label));
  const once = letters.filter((label) => letters.indexOf(label) === letters.lastIndexOf(label));
  return [ellipsis, ...once.toSorted()];
}

function ellipsisAxes(count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => `${ellipsis}${count - i}`);
}

function isEllipsisAxis(label: string): boolean {
  return label.startsWith(ellipsis);
}
