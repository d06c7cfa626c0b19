/**
 * A text cut into statements, and its offsets as lines and columns. A statement is a line together with the lines
 * after it that are indented or begin with a closing bracket; blank lines and lines of comment belong to nothing.
 */
import type { Place } from '../../diagnostics/diagnostic.ts';

export interface Statement {
  readonly text: string;
  /** Of its first character in the whole text. */
  readonly offset: number;
}

export class Source {
  readonly text: string;
  private readonly fileName: string | undefined;
  /** Offsets of the beginnings of lines, once somebody asks for a place. */
  private lineStarts: number[] | undefined;

  constructor(text: string, fileName: string | undefined) {
    this.text = text;
    this.fileName = fileName;
  }

  *statements(): Generator<Statement> {
    const { text } = this;
    let start = -1;
    let end = -1;
    for (let position = 0; position < text.length;) {
      const newline = text.indexOf('\n', position);
      const lineEnd = newline === -1 ? text.length : newline;
      if (!isBlank(text, position, lineEnd)) {
        if (start === -1 || !continues(text.charCodeAt(position))) {
          if (start !== -1) yield { text: text.slice(start, end), offset: start };
          start = position;
        }
        end = lineEnd;
      }
      position = lineEnd + 1;
    }
    if (start !== -1) yield { text: text.slice(start, end), offset: start };
  }

  /** Line and column, 1-based. */
  place(offset: number): Place {
    this.lineStarts ??= findLineStarts(this.text);
    const line = lastAtMost(this.lineStarts, offset);
    const column = offset - (this.lineStarts[line] ?? 0) + 1;
    return { ...(this.fileName === undefined ? {} : { file: this.fileName }), line: line + 1, column };
  }
}

const space = 0x20;
const tab = 0x09;
const carriageReturn = 0x0d;
const byteOrderMark = 0xfeff;
const slash = 0x2f;
const closingBrackets = [0x5d, 0x7d];

function continues(first: number): boolean {
  return first === space || first === tab || closingBrackets.includes(first);
}

function isBlank(text: string, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const c = text.charCodeAt(i);
    if (c === slash) return text.charCodeAt(i + 1) === slash;
    if (c !== space && c !== tab && c !== carriageReturn && c !== byteOrderMark) return false;
  }
  return true;
}

function findLineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** Index of the last entry that is at most `x`, of ascending entries that begin with 0. */
function lastAtMost(ascending: readonly number[], x: number): number {
  let low = 0;
  let high = ascending.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 0) <= x) low = middle;
    else high = middle;
  }
  return low;
}
