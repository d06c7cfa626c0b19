/**
 * HTML as values. Text that is put into a template is escaped, whatever it holds, and only what is HTML already is not:
 * names that come from a model or a plan cannot become markup.
 */

export class Html {
  readonly text: string;

  /** `text` must be well-formed HTML of ours. */
  constructor(text: string) {
    this.text = text;
  }
}

export type Content = string | number | Html | undefined | readonly Content[];

/** A template; strings and numbers in it are escaped for elements and quoted attributes, `undefined` is nothing. */
export function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return new Html(parts.map((part, i) => part + (i < contents.length ? textOf(contents[i]) : '')).join(''));
}

function textOf(content: Content): string {
  if (content === undefined) return '';
  if (content instanceof Html) return content.text;
  if (typeof content === 'string' || typeof content === 'number') return escapeHtml(String(content));
  return content.map(textOf).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** For elements and quoted attributes, of HTML and of XML. */
export function escapeHtml(text: string): string {
  return printable(text).replace(/[&<>"']/g, (character) => entities[character] ?? '');
}

/**
 * `text` without what XML forbids (control characters, lone surrogates) or what would turn the order of the text around
 * it (bidirectional overrides), each replaced by U+FFFD.
 */
export function printable(text: string): string {
  return text.toWellFormed().replace(/[\p{Cc}\p{Bidi_C}\uFFFE\uFFFF]/gu, '\uFFFD');
}

/** At most `length` characters of a name. */
export function shorten(name: string, length: number): string {
  const characters = Array.from(printable(name));
  return characters.length <= length ? characters.join('') : `${characters.slice(0, length - 1).join('')}…`;
}
