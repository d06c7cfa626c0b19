/** Diagnostics H20x to H24x: the textual IR. The verifier's H25x stand in `verify.ts`. */
import { defineDiagnostic } from './diagnostic.ts';

const grammarNote = 'docs/ir.md has the grammar, and docs/ops.md every op with its operands and attributes.';

export const textTooLong = defineDiagnostic<{ length: number; limit: number }>({
  code: 'H201',
  severity: 'error',
  title: 'IR text too long',
  explain:
    'The length of an IR text is limited, so that a hostile file cannot exhaust the memory. Large constants do not ' +
    'count: they stand in the .npz beside the text.',
  message: ({ length, limit }) => `the text has ${length} characters, more than the limit of ${limit}`,
});

export const badHeader = defineDiagnostic<{ reason: string }>({
  code: 'H202',
  severity: 'error',
  title: 'no header of an IR text',
  explain:
    'The first statement of an IR text names the version of the format, the level and the module: ' +
    'hepc.ir 1 tensor "mlp". At the levels he and plan the number of slots follows: hepc.ir 1 he "mlp" {slots: 4096}.',
  message: ({ reason }) => reason,
  notes: () => ['Begin with a header such as: hepc.ir 1 tensor "mlp"'],
});

export const unexpectedCharacter = defineDiagnostic<{ character: string }>({
  code: 'H203',
  severity: 'error',
  title: 'unexpected character',
  explain:
    'No token of the textual IR begins like this. Strings are those of JSON: in double quotes, on one line, with the ' +
    'escapes of JSON.',
  message: ({ character }) =>
    character === '"' ? 'the string is not closed, or not a string of JSON' : `unexpected ${JSON.stringify(character)}`,
});

export const syntaxError = defineDiagnostic<{ reason: string }>({
  code: 'H204',
  severity: 'error',
  title: 'syntax error in an IR text',
  explain:
    'The statement does not follow the grammar. A statement is one line, together with the lines after it that are ' +
    'indented or begin with a closing bracket.',
  message: ({ reason }) => reason,
  notes: () => [grammarNote],
});

export const statementTooLong = defineDiagnostic<{ length: number; limit: number }>({
  code: 'H205',
  severity: 'error',
  title: 'statement too long',
  explain: 'The length of a statement is limited. Large constants belong in the .npz beside the text.',
  message: ({ length, limit }) => `the statement has ${length} characters, more than the limit of ${limit}`,
});

export const nestedTooDeeply = defineDiagnostic<{ limit: number }>({
  code: 'H206',
  severity: 'error',
  title: 'brackets nested too deeply',
  explain: 'The depth of brackets is limited. No attribute of any op comes near the limit.',
  message: ({ limit }) => `brackets are nested more than ${limit} deep`,
});

export const wrongLevel = defineDiagnostic<{ what: string; level: string; expected: string }>({
  code: 'H207',
  severity: 'error',
  title: 'not at this level',
  explain:
    'Some statements and clauses exist at some levels only: plain and origin at he and plan; a type `ct` where levels ' +
    'and scales are assigned, that is where the header has parameters; buffer, group and frees at plan.',
  message: ({ what, level, expected }) => `${what} does not belong in a module of the level ${level}: ${expected}`,
});

export const missingClause = defineDiagnostic<{ what: string; example: string }>({
  code: 'H208',
  severity: 'error',
  title: 'missing clause',
  explain:
    'Level, scale and size of a ciphertext are not derived from the operands but assigned by a pass. So in a module with ' +
    'parameters every op has a type; and at the level plan every op has its buffer and group.',
  message: ({ what }) => `${what} is missing`,
  notes: ({ example }) => [`Write it like: ${example}`],
});

export const unknownOp = defineDiagnostic<{ op: string; level: string; suggestion: string | undefined }>({
  code: 'H209',
  severity: 'error',
  title: 'unknown op',
  explain:
    'The level has no op of this name. docs/ops.md lists the ops of every level; `hepc explain` the diagnostics.',
  message: ({ op, level }) => `the level ${level} has no op ${op}`,
  notes: ({ suggestion }) => suggest(suggestion),
});

export const unknownAttribute = defineDiagnostic<{
  attribute: string;
  owner: string;
  known: readonly string[];
  suggestion: string | undefined;
}>({
  code: 'H210',
  severity: 'error',
  title: 'unknown attribute',
  explain: 'An op has the attributes of its declaration and no others. docs/ops.md lists them.',
  message: ({ attribute, owner, known }) =>
    `${owner} has no attribute ${attribute}; ${known.length === 0 ? 'it has none' : `it has ${known.join(', ')}`}`,
  notes: ({ suggestion }) => suggest(suggestion),
});

export const missingAttribute = defineDiagnostic<{ attribute: string; owner: string; expected: string }>({
  code: 'H211',
  severity: 'error',
  title: 'missing attribute',
  explain: 'Every attribute of an op must be given; there are no defaults, so that a text says all that there is.',
  message: ({ attribute, owner }) => `${owner} needs the attribute ${attribute}`,
  notes: ({ attribute, expected }) => [`Add ${attribute}: ${expected}.`],
});

export const wrongAttribute = defineDiagnostic<{ attribute: string; owner: string; reason: string }>({
  code: 'H212',
  severity: 'error',
  title: 'wrong attribute',
  explain: 'The value of an attribute is not of the kind or in the range that the declaration of the op says.',
  message: ({ attribute, owner, reason }) => `attribute ${attribute} of ${owner}: ${reason}`,
});

export const wrongOperands = defineDiagnostic<{ op: string; expected: string; got: string }>({
  code: 'H213',
  severity: 'error',
  title: 'wrong operands',
  explain:
    'The op takes another number of operands, or a plaintext (#0) stands where it takes a value (%0) or vice versa.',
  message: ({ op, expected, got }) => `${op} takes ${expected}, got ${got}`,
});

export const undefinedName = defineDiagnostic<{ name: string; definition: string; definedLater: boolean }>({
  code: 'H214',
  severity: 'error',
  title: 'undefined name',
  explain:
    'A value, constant, plaintext or origin must be defined before it is used: texts are read from top to bottom, and a ' +
    'module is a list in topological order.',
  message: ({ name, definedLater }) =>
    definedLater ? `${name} is used before its definition` : `${name} is not defined`,
  notes: ({ definition, definedLater }) => [
    definedLater ? 'Move the definition up.' : `Define it before this statement: ${definition}`,
  ],
});

export const definedTwice = defineDiagnostic<{ name: string }>({
  code: 'H215',
  severity: 'error',
  title: 'defined twice',
  explain: 'Every name is defined once. Numbers need not be consecutive; printing numbers them anew.',
  message: ({ name }) => `${name} is defined twice`,
});

export const badConstant = defineDiagnostic<{ reason: string }>({
  code: 'H216',
  severity: 'error',
  title: 'malformed constant',
  explain:
    'A constant has a type, f64 or i32, a shape, and as many finite values as the shape says (integers of 32 bits for ' +
    'i32), or the SHA-256 of its little-endian values, which then stand in the .npz beside the text.',
  message: ({ reason }) => reason,
});

export const missingConstant = defineDiagnostic<{ name: string; digest: string }>({
  code: 'H217',
  severity: 'error',
  title: 'values of a constant not found',
  explain:
    'The text gives only shape and SHA-256 of large constants. Their values stand in an .npz of the same name beside the ' +
    'text, written together with it. What `hepc inspect --level` prints has none beside it; with --output it has, on the ' +
    'levels he and plan. Of the levels tensor and tile a plan holds no constants, but --dump-ir of `hepc compile` writes ' +
    'them.',
  message: ({ name, digest }) => `the values of ${name} with SHA-256 ${digest} were not found`,
  notes: () => [
    'Keep the .npz that was written with the text beside it, under the same name.',
    'Of levels he and plan, `hepc inspect PLAN --level LEVEL --output FILE.ir` writes both; of levels tensor and tile, ' +
      '`hepc compile --dump-ir DIR` does.',
  ],
});

export const constantMismatch = defineDiagnostic<{ name: string; expected: string; got: string }>({
  code: 'H218',
  severity: 'error',
  title: 'values of a constant do not match',
  explain: 'The .npz beside the text holds other values than those that the text was written with.',
  message: ({ name, expected, got }) => `${name} should be ${expected}, the values found are ${got}`,
  notes: () => ['Use the .npz that was written with this text.'],
});

export const opDoesNotFit = defineDiagnostic<{ op: string; reason: string }>({
  code: 'H219',
  severity: 'error',
  title: 'operands and attributes do not fit together',
  explain: 'The op is not defined for operands of these types with these attributes. docs/ops.md says what it takes.',
  message: ({ op, reason }) => `${op}: ${reason}`,
});

export const typeMismatch = defineDiagnostic<{ op: string; declared: string; inferred: string }>({
  code: 'H220',
  severity: 'error',
  title: 'declared type differs from inferred type',
  explain: 'The type of a result follows from operands and attributes; what the text says after the colon must agree.',
  message: ({ op, declared, inferred }) => `the result of ${op} is declared ${declared}, but it is ${inferred}`,
  notes: () => ['Leave the type out to have it inferred.'],
});

export const badLayout = defineDiagnostic<{ reason: string }>({
  code: 'H221',
  severity: 'error',
  title: 'malformed layout',
  explain:
    'A layout has one entry n/t for each dimension: n elements in tiles of t slots, a power of two, 1 where left out. ' +
    '* is an element duplicated over the tile, ? leaves the slots beside the elements unknown, ~ interleaves the tiles. ' +
    'batch b makes every slot b slots wide. For example: [784/32, */128] batch 16.',
  message: ({ reason }) => reason,
});

export const badType = defineDiagnostic<{ level: string; expected: string }>({
  code: 'H222',
  severity: 'error',
  title: 'malformed type',
  explain: 'A type is a shape at the level tensor, a layout at tile, and `ct level … scale … size …` at he and plan.',
  message: ({ level, expected }) => `a type of the level ${level} is ${expected}`,
});

export const outOfRange = defineDiagnostic<{ what: string; expected: string; got: number }>({
  code: 'H223',
  severity: 'error',
  title: 'number out of range',
  explain: 'The number cannot be what it stands for.',
  message: ({ what, expected, got }) => `${what} must be ${expected}, got ${got}`,
});

export const tooManyProblems = defineDiagnostic<{ limit: number }>({
  code: 'H224',
  severity: 'error',
  title: 'too many problems',
  explain: 'After a number of problems the rest of a text is not read: it is probably not what it was taken for.',
  message: ({ limit }) => `more than ${limit} problems: the rest of the text was not read`,
});

function suggest(suggestion: string | undefined): readonly string[] {
  return suggestion === undefined ? [] : [`Did you mean ${suggestion}?`];
}
