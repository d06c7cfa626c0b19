/**
 * What the grammar makes of a statement, before names are resolved. `at` is always an offset into the whole text.
 */

interface SyntaxNumber {
  readonly kind: 'number';
  readonly value: number;
  readonly at: number;
}

export interface SyntaxString {
  readonly kind: 'string';
  readonly value: string;
  readonly at: number;
}

/** A bare word: `true`, `false`, or a string that needs no quotes. */
export interface SyntaxWord {
  readonly kind: 'word';
  readonly value: string;
  readonly at: number;
}

/** `%0`, `@0`, `#0` or `$0`. */
export interface SyntaxRef<Kind = 'value' | 'constant' | 'plaintext' | 'origin'> {
  readonly kind: Kind;
  readonly id: number;
  readonly at: number;
}

/** An entry of a layout that is no plain number. */
interface SyntaxDim {
  readonly kind: 'dim';
  /** Absent for `*`. */
  readonly n: number | undefined;
  readonly t: number;
  readonly unknown: boolean;
  readonly interleaved: boolean;
  readonly multiplexed: boolean;
  readonly at: number;
}

/** A list or a layout: which of the two, its place decides. */
export interface SyntaxList {
  readonly kind: 'list';
  readonly items: readonly SyntaxValue[];
  readonly batch: number | undefined;
  readonly at: number;
}

export interface SyntaxEntry {
  readonly key: string;
  readonly value: SyntaxValue;
  readonly at: number;
}

export interface SyntaxDict {
  readonly kind: 'dict';
  readonly entries: readonly SyntaxEntry[];
  readonly at: number;
}

export type SyntaxValue =
  SyntaxNumber | SyntaxString | SyntaxWord | SyntaxRef<'constant'> | SyntaxDim | SyntaxList | SyntaxDict;

/** `ct level 3 scale 1073741824 size 2`. */
export interface SyntaxCipherType {
  readonly kind: 'ct';
  readonly level: number;
  readonly scale: number;
  readonly size: number;
  readonly at: number;
}

export interface SyntaxNodeRef {
  readonly name: string;
  readonly opType: string;
  readonly output: string;
}

export interface SyntaxSchedule {
  readonly buffer: number;
  readonly group: number;
  /** Operands that are read for the last time: `a`, `b`. */
  readonly frees: readonly SyntaxWord[];
  readonly at: number;
}

/** `hepc.ir 1 he "mlp" {slots: 4096}`. */
export interface HeaderSyntax {
  readonly kind: 'header';
  readonly version: number;
  readonly level: SyntaxWord;
  readonly name: string;
  readonly attributes: SyntaxDict | undefined;
  readonly at: number;
}

/** `const @0 = f64[2] [1, 2]` or `const @0 = f64[128, 784] sha256 "…"`. */
export interface ConstantSyntax {
  readonly kind: 'const';
  readonly result: SyntaxRef;
  readonly dtype: SyntaxWord;
  readonly shape: SyntaxList;
  readonly content: SyntaxList | SyntaxString;
  readonly at: number;
}

/** `plain #0 = @3 tile 0 shift 0 inner 1`. */
export interface PlaintextSyntax {
  readonly kind: 'plain';
  readonly result: SyntaxRef;
  readonly source: SyntaxRef;
  readonly tile: number;
  readonly shift: number;
  readonly inner: number;
  readonly at: number;
}

/** `origin $0 = "name" Gemm "output", …` or `origin $0 = none`. */
export interface OriginSyntax {
  readonly kind: 'origin';
  readonly result: SyntaxRef;
  readonly nodes: readonly SyntaxNodeRef[];
  readonly at: number;
}

/** `%1 = dense %0 {…} : [2] from "name" Gemm "output"`. */
export interface OpSyntax {
  readonly kind: 'op';
  readonly result: SyntaxRef;
  readonly op: SyntaxWord;
  readonly operands: readonly SyntaxRef[];
  readonly attributes: SyntaxDict | undefined;
  readonly type: SyntaxList | SyntaxCipherType | undefined;
  readonly schedule: SyntaxSchedule | undefined;
  /** A row of the table of origins, or the origins themselves. */
  readonly from: SyntaxRef | readonly SyntaxNodeRef[] | undefined;
  readonly at: number;
}

export type StatementSyntax = HeaderSyntax | ConstantSyntax | PlaintextSyntax | OriginSyntax | OpSyntax;

/** A statement that does not follow the grammar, and what it defines as far as that can be told. */
export interface BrokenSyntax {
  readonly kind: 'broken';
  readonly result: SyntaxRef | undefined;
}

/** What the levels differ in: everything but header and constants. */
export type BodySyntax = PlaintextSyntax | OriginSyntax | OpSyntax | BrokenSyntax;
