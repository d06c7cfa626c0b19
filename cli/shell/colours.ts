/**
 * Colours of help and diagnostics, on a terminal or where FORCE_COLOR asks for them, and not where NO_COLOR is set. They are
 * put on last, by the beginnings of lines: nothing that comes from a file begins a line of ours, and what is printed keeps
 * no control characters of its own.
 */
import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];
type Stream = NodeJS.WriteStream;

/** With `error[H101]`, `warning[H334]`, `help:` and `hepc: internal error:` in colours. */
export function colourDiagnostics(text: string, stream: Stream): string {
  const on = (style: Style) => (part: string) => styleText(style, part, { stream });
  return text
    .replace(/^(error\[H\d{3}\]|hepc: internal error:)/gm, on(['bold', 'red']))
    .replace(/^warning\[H\d{3}\]/gm, on(['bold', 'yellow']))
    .replace(/^( {2})(help:)/gm, (_, indent: string, word: string) => indent + on('cyan')(word));
}

/** With bold headings, and the names of commands and options in colour. */
export function colourHelp(text: string, stream: Stream): string {
  const on = (style: Style) => (part: string) => styleText(style, part, { stream });
  return text
    .replace(/^[A-Z][^\n]*:$/gm, on('bold'))
    .replace(
      /^( {2})(-[^\n]*?|[a-z][a-z-]*(?: [A-Z]+)?)(?= {2}|$)/gm,
      (_, indent: string, name: string) => indent + on('cyan')(name),
    );
}
