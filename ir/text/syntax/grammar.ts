/**
 * The grammar of one statement, at any level:
 *
 *   header   = "hepc.ir" number word string dict?
 *   const    = "const" @id "=" word list (list | "sha256" string)
 *   plain    = "plain" #id "=" @id "tile" number "shift" number "inner" number
 *   origin   = "origin" $id "=" (nodes | "none")
 *   op       = %id "=" word (operand ("," operand)*)? dict? (":" type)? schedule? ("from" (nodes | $id))?
 *   operand  = %id | #id
 *   type     = list | "ct" "level" number "scale" number "size" number
 *   schedule = "buffer" number "group" number ("frees" word word?)?
 *   nodes    = node ("," node)*            node = string (word | string) string
 *   list     = "[" (item ("," item)*)? "]" ("batch" number)?
 *   item     = value | (number | "*") ("?" | "~")* ("/" number)?
 *   dict     = "{" (word ":" value ("," word ":" value)*)? "}"
 *   value    = number | string | word | @id | list | dict
 *
 * Which statements and clauses a level has is not grammar: the readers of the levels say it in better words.
 */
import { EmbeddedActionsParser, type IToken, type TokenType } from 'chevrotain';

import { grammarMessages } from './grammar-messages.ts';
import type {
  ConstantSyntax,
  HeaderSyntax,
  OpSyntax,
  OriginSyntax,
  PlaintextSyntax,
  StatementSyntax,
  SyntaxCipherType,
  SyntaxDict,
  SyntaxEntry,
  SyntaxList,
  SyntaxNodeRef,
  SyntaxRef,
  SyntaxSchedule,
  SyntaxString,
  SyntaxValue,
  SyntaxWord,
} from './syntax.ts';
import {
  ConstantId,
  keywords as k,
  NumberLiteral,
  OriginId,
  PlaintextId,
  StringLiteral,
  symbols as s,
  ValueId,
  vocabulary,
  Word,
} from './tokens.ts';

/**
 * The body of each rule also runs once while the parser is made, on dummy tokens (chevrotain records the grammar):
 * what would throw on those stands in an `ACTION`.
 */
class Grammar extends EmbeddedActionsParser {
  /** Offset of the statement in the whole text. */
  base = 0;

  constructor() {
    super(vocabulary, { maxLookahead: 2, errorMessageProvider: grammarMessages });
    this.performSelfAnalysis();
  }

  readonly statement = this.RULE('statement', (): StatementSyntax =>
    this.OR<StatementSyntax>([
      { ALT: () => this.SUBRULE(this.op) },
      { ALT: () => this.SUBRULE(this.constant) },
      { ALT: () => this.SUBRULE(this.plaintext) },
      { ALT: () => this.SUBRULE(this.origin) },
      { ALT: () => this.SUBRULE(this.header) },
    ]),
  );

  private readonly header = this.RULE('header', (): HeaderSyntax => {
    const at = this.at(this.CONSUME(k.module));
    const version = number(this.CONSUME(NumberLiteral));
    const level = this.word(this.CONSUME(Word));
    const name = this.string(this.CONSUME(StringLiteral)).value;
    const attributes = this.OPTION(() => this.SUBRULE(this.dict));
    return { kind: 'header', version, level, name, attributes, at };
  });

  private readonly constant = this.RULE('constant', (): ConstantSyntax => {
    const at = this.at(this.CONSUME(k.const));
    const result = this.ref('constant', this.CONSUME(ConstantId));
    this.CONSUME(s.equals);
    const dtype = this.word(this.CONSUME(Word));
    const shape = this.SUBRULE1(this.list);
    const content = this.OR<SyntaxList | SyntaxString>([
      { ALT: () => this.SUBRULE2(this.list) },
      {
        ALT: () => {
          this.CONSUME(k.sha256);
          return this.string(this.CONSUME(StringLiteral));
        },
      },
    ]);
    return { kind: 'const', result, dtype, shape, content, at };
  });

  private readonly plaintext = this.RULE('plaintext', (): PlaintextSyntax => {
    const at = this.at(this.CONSUME(k.plain));
    const result = this.ref('plaintext', this.CONSUME(PlaintextId));
    this.CONSUME(s.equals);
    const source = this.ref('constant', this.CONSUME(ConstantId));
    this.CONSUME(k.tile);
    const tile = number(this.CONSUME1(NumberLiteral));
    this.CONSUME(k.shift);
    const shift = number(this.CONSUME2(NumberLiteral));
    this.CONSUME(k.inner);
    const inner = number(this.CONSUME3(NumberLiteral));
    return { kind: 'plain', result, source, tile, shift, inner, at };
  });

  private readonly origin = this.RULE('origin', (): OriginSyntax => {
    const at = this.at(this.CONSUME(k.origin));
    const result = this.ref('origin', this.CONSUME(OriginId));
    this.CONSUME(s.equals);
    const nodes = this.OR<readonly SyntaxNodeRef[]>([
      { ALT: () => this.SUBRULE(this.nodes) },
      {
        ALT: () => {
          this.CONSUME(k.none);
          return [];
        },
      },
    ]);
    return { kind: 'origin', result, nodes, at };
  });

  private readonly op = this.RULE('op', (): OpSyntax => {
    const result = this.ref('value', this.CONSUME(ValueId));
    this.CONSUME(s.equals);
    const op = this.word(this.CONSUME(Word));
    const operands: SyntaxRef[] = [];
    this.MANY_SEP({
      SEP: s.comma,
      DEF: () => {
        operands.push(
          this.OR<SyntaxRef>([
            { ALT: () => this.ref('value', this.CONSUME1(ValueId)) },
            { ALT: () => this.ref('plaintext', this.CONSUME(PlaintextId)) },
          ]),
        );
      },
    });
    const attributes = this.OPTION1(() => this.SUBRULE(this.dict));
    const type = this.OPTION2(() => {
      this.CONSUME(s.colon);
      return this.SUBRULE(this.type);
    });
    const schedule = this.OPTION3(() => this.SUBRULE(this.schedule));
    const from = this.OPTION4(() => {
      this.CONSUME(k.from);
      return this.SUBRULE(this.from);
    });
    return { kind: 'op', result, op, operands, attributes, type, schedule, from, at: result.at };
  });

  private readonly type = this.RULE('type', (): SyntaxList | SyntaxCipherType =>
    this.OR<SyntaxList | SyntaxCipherType>([
      { ALT: () => this.SUBRULE(this.list) },
      {
        ALT: () => {
          const at = this.at(this.CONSUME(k.ct));
          this.CONSUME(k.level);
          const level = number(this.CONSUME1(NumberLiteral));
          this.CONSUME(k.scale);
          const scale = number(this.CONSUME2(NumberLiteral));
          this.CONSUME(k.size);
          const size = number(this.CONSUME3(NumberLiteral));
          return { kind: 'ct', level, scale, size, at };
        },
      },
    ]),
  );

  private readonly schedule = this.RULE('schedule', (): SyntaxSchedule => {
    const at = this.at(this.CONSUME(k.buffer));
    const buffer = number(this.CONSUME1(NumberLiteral));
    this.CONSUME(k.group);
    const group = number(this.CONSUME2(NumberLiteral));
    const frees: SyntaxWord[] = [];
    this.OPTION1(() => {
      this.CONSUME(k.frees);
      frees.push(this.word(this.CONSUME1(Word)));
      this.OPTION2({
        // `from`, which begins the next clause, is a word as well.
        GATE: () => this.LA(1).tokenType !== k.from,
        DEF: () => {
          frees.push(this.word(this.CONSUME2(Word)));
        },
      });
    });
    return { buffer, group, frees, at };
  });

  private readonly from = this.RULE('from', (): SyntaxRef | readonly SyntaxNodeRef[] =>
    this.OR<SyntaxRef | readonly SyntaxNodeRef[]>([
      { ALT: () => this.SUBRULE(this.nodes) },
      { ALT: () => this.ref('origin', this.CONSUME(OriginId)) },
    ]),
  );

  private readonly nodes = this.RULE('nodes', (): readonly SyntaxNodeRef[] => {
    const nodes: SyntaxNodeRef[] = [];
    this.AT_LEAST_ONE_SEP({
      SEP: s.comma,
      DEF: () => {
        const name = this.string(this.CONSUME1(StringLiteral)).value;
        const opType = this.OR<SyntaxWord | SyntaxString>([
          { ALT: () => this.word(this.CONSUME(Word)) },
          { ALT: () => this.string(this.CONSUME2(StringLiteral)) },
        ]).value;
        const output = this.string(this.CONSUME3(StringLiteral)).value;
        nodes.push({ name, opType, output });
      },
    });
    return nodes;
  });

  private readonly list = this.RULE('list', (): SyntaxList => {
    const at = this.at(this.CONSUME(s.listOpen));
    const items: SyntaxValue[] = [];
    this.MANY_SEP({
      SEP: s.comma,
      DEF: () => {
        items.push(
          this.OR<SyntaxValue>([{ ALT: () => this.SUBRULE(this.dim) }, { ALT: () => this.SUBRULE(this.value) }]),
        );
      },
    });
    this.CONSUME(s.listClose);
    const batch = this.OPTION(() => {
      this.CONSUME(k.batch);
      return number(this.CONSUME(NumberLiteral));
    });
    return { kind: 'list', items, batch, at };
  });

  /** A dimension of a layout; a number with nothing after it is that number. */
  private readonly dim = this.RULE('dim', (): SyntaxValue => {
    const first = this.OR1<{ readonly n: number | undefined; readonly at: number }>([
      {
        ALT: () => {
          const token = this.CONSUME1(NumberLiteral);
          return { n: number(token), at: this.at(token) };
        },
      },
      { ALT: () => ({ n: undefined, at: this.at(this.CONSUME(s.star)) }) },
    ]);
    const marks = new Set<TokenType>();
    this.MANY(() => {
      const mark = this.OR2([
        { ALT: () => this.CONSUME(s.question) },
        { ALT: () => this.CONSUME(s.tilde) },
        { ALT: () => this.CONSUME(s.caret) },
      ]);
      marks.add(mark.tokenType);
    });
    const t = this.OPTION(() => {
      this.CONSUME(s.slash);
      return number(this.CONSUME2(NumberLiteral));
    });
    const { n, at } = first;
    if (n !== undefined && t === undefined && marks.size === 0) return { kind: 'number', value: n, at };
    const flags = {
      unknown: marks.has(s.question),
      interleaved: marks.has(s.tilde),
      multiplexed: marks.has(s.caret),
    };
    return { kind: 'dim', n, t: t ?? 1, ...flags, at };
  });

  private readonly dict = this.RULE('dict', (): SyntaxDict => {
    const at = this.at(this.CONSUME(s.dictOpen));
    const entries: SyntaxEntry[] = [];
    this.MANY_SEP({
      SEP: s.comma,
      DEF: () => {
        const key = this.CONSUME(Word);
        this.CONSUME(s.colon);
        const value = this.OR<SyntaxValue>([
          { ALT: () => this.numberSyntax(this.CONSUME(NumberLiteral)) },
          { ALT: () => this.SUBRULE(this.value) },
        ]);
        entries.push({ key: key.image, value, at: this.at(key) });
      },
    });
    this.CONSUME(s.dictClose);
    return { kind: 'dict', entries, at };
  });

  /** Any value but a number, which means more in a list than in a dict. */
  private readonly value = this.RULE('value', (): SyntaxValue =>
    this.OR<SyntaxValue>([
      { ALT: () => this.string(this.CONSUME(StringLiteral)) },
      { ALT: () => this.word(this.CONSUME(Word)) },
      { ALT: () => this.ref('constant', this.CONSUME(ConstantId)) },
      { ALT: () => this.SUBRULE(this.list) },
      { ALT: () => this.SUBRULE(this.dict) },
    ]),
  );

  private at(token: IToken): number {
    return this.base + token.startOffset;
  }

  private word(token: IToken): SyntaxWord {
    return { kind: 'word', value: token.image, at: this.at(token) };
  }

  private string(token: IToken): SyntaxString {
    return { kind: 'string', value: this.ACTION(() => JSON.parse(token.image) as string), at: this.at(token) };
  }

  private numberSyntax(token: IToken): SyntaxValue {
    return { kind: 'number', value: number(token), at: this.at(token) };
  }

  private ref<Kind extends SyntaxRef['kind']>(kind: Kind, token: IToken): SyntaxRef<Kind> {
    return { kind, id: Number(token.image.slice(1)), at: this.at(token) };
  }
}

function number(token: IToken): number {
  return Number(token.image);
}

export const grammar = new Grammar();
