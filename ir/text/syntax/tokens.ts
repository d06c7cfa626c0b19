/**
 * The tokens of the textual IR, the same at all levels. Words that the grammar knows are words like any other
 * elsewhere, so that an op or an attribute may be called `level` or `input`.
 */
import { createToken, Lexer, type TokenType } from 'chevrotain';

export const Word = createToken({ name: 'Word', label: 'a name', pattern: /[A-Za-z_][\w.-]*/ });

export const ValueId = createToken({ name: 'ValueId', label: 'a value such as %0', pattern: /%\d{1,9}/ });
export const ConstantId = createToken({ name: 'ConstantId', label: 'a constant such as @0', pattern: /@\d{1,9}/ });
export const PlaintextId = createToken({ name: 'PlaintextId', label: 'a plaintext such as #0', pattern: /#\d{1,9}/ });
export const OriginId = createToken({ name: 'OriginId', label: 'an origin such as $0', pattern: /\$\d{1,9}/ });

export const NumberLiteral = createToken({
  name: 'NumberLiteral',
  label: 'a number',
  pattern: /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/,
});
/** A string of JSON; whatever matches, `JSON.parse` takes. */
export const StringLiteral = createToken({
  name: 'StringLiteral',
  label: 'a string in double quotes',
  pattern: /"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[^"\\\x00-\x1f]*)*"/,
});

const keyword = (text: string): TokenType =>
  createToken({
    name: `Keyword_${text.replace('.', '_')}`,
    label: `\`${text}\``,
    pattern: text,
    longer_alt: Word,
    categories: Word,
  });

export const keywords = {
  module: keyword('hepc.ir'),
  const: keyword('const'),
  sha256: keyword('sha256'),
  plain: keyword('plain'),
  tile: keyword('tile'),
  shift: keyword('shift'),
  inner: keyword('inner'),
  origin: keyword('origin'),
  from: keyword('from'),
  none: keyword('none'),
  batch: keyword('batch'),
  ct: keyword('ct'),
  level: keyword('level'),
  scale: keyword('scale'),
  size: keyword('size'),
  buffer: keyword('buffer'),
  group: keyword('group'),
  frees: keyword('frees'),
} as const;

const symbol = (name: string, text: string): TokenType => createToken({ name, label: `\`${text}\``, pattern: text });

export const symbols = {
  equals: symbol('Equals', '='),
  colon: symbol('Colon', ':'),
  comma: symbol('Comma', ','),
  listOpen: symbol('ListOpen', '['),
  listClose: symbol('ListClose', ']'),
  dictOpen: symbol('DictOpen', '{'),
  dictClose: symbol('DictClose', '}'),
  star: symbol('Star', '*'),
  question: symbol('Question', '?'),
  tilde: symbol('Tilde', '~'),
  caret: symbol('Caret', '^'),
  slash: symbol('Slash', '/'),
} as const;

const skippedTokens = [
  createToken({ name: 'Space', pattern: /[ \t\r\n\uFEFF]+/, group: Lexer.SKIPPED, line_breaks: true }),
  createToken({ name: 'Comment', pattern: /\/\/[^\n]*/, group: Lexer.SKIPPED }),
];

/** Comments stand before `/`, keywords before `Word`: the first pattern that matches wins. */
export const vocabulary: TokenType[] = [
  ...skippedTokens,
  ...Object.values(keywords),
  Word,
  ValueId,
  ConstantId,
  PlaintextId,
  OriginId,
  NumberLiteral,
  StringLiteral,
  ...Object.values(symbols),
];

/** Stops at the first character that begins no token: scanning on could take quadratic time. */
export const lexer = new Lexer(vocabulary, {
  positionTracking: 'onlyOffset',
  ensureOptimizations: true,
  recoveryEnabled: false,
});
