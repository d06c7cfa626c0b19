/**
 * Diagnostics: what hepc tells a person about their model, data, plan, keys or command.
 *
 * Each code is declared once with `defineDiagnostic` in the file of its area; `registry.ts` lists them all
 * and `hepc explain CODE` prints the declaration. A check collects diagnostics; only boundaries (compile, load,
 * evaluate, the CLI) throw, as one `HepcError` that holds all of them. Our own bugs are `InternalError`.
 */

export type Severity = 'error' | 'warning';

/** An ONNX node that a value comes from. */
export interface NodeRef {
  readonly name: string;
  readonly opType: string;
  readonly output: string;
}

/** Where a diagnostic points. Every field is optional: a place has what is known of it. */
export interface Place {
  /** The ONNX nodes concerned; fused ops keep all their origins. */
  readonly nodes?: readonly NodeRef[];
  /** Path of the file, as the user wrote it. */
  readonly file?: string;
  /** 1-based position in an `.ir` text. */
  readonly line?: number;
  readonly column?: number;
  /** What inside the file: an array of an `.npz`, an entry of a `.hep`, a field of a manifest. */
  readonly part?: string;
}

export interface Diagnostic {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly at: Place;
  /** What to try, one sentence each. */
  readonly notes: readonly string[];
}

export interface DiagnosticDeclaration<A> {
  /** `H` and three digits; the first names the area (see `registry.ts`). Never reused. */
  readonly code: string;
  readonly severity: Severity;
  /** One line, without the particulars. */
  readonly title: string;
  /** A paragraph for `hepc explain`: why this is refused, and what to do. */
  readonly explain: string;
  /** What, where, expected against got. */
  readonly message: (args: A) => string;
  /** What to try next. */
  readonly notes?: (args: A) => readonly string[];
}

export type DiagnosticFactory<A> = ((args: A, at?: Place) => Diagnostic) & {
  readonly declaration: DiagnosticDeclaration<A>;
};

export function defineDiagnostic<A>(declaration: DiagnosticDeclaration<A>): DiagnosticFactory<A> {
  const make = (args: A, at: Place = {}): Diagnostic => ({
    code: declaration.code,
    severity: declaration.severity,
    message: declaration.message(args),
    at,
    notes: declaration.notes?.(args) ?? [],
  });
  return Object.assign(make, { declaration });
}

/** The user's mistakes: several diagnostics, at least one of them an error. */
export class HepcError extends Error {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(formatDiagnostic).join('\n'));
    this.name = 'HepcError';
    this.diagnostics = diagnostics;
  }
}

/** A bug of ours: an invariant that does not hold, whatever the user gave. */
export class InternalError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'InternalError';
  }
}

/** Throws when `diagnostics` holds an error; returns the warnings otherwise. */
export function throwIfErrors(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  if (diagnostics.some((d) => d.severity === 'error')) throw new HepcError(diagnostics);
  return diagnostics;
}

/**
 * `error[H101] model.onnx: node "Gemm_0" (Gemm): …` with one `  help: …` line for each note. Names in it come from files of
 * strangers: what a terminal acts on is shown as `\u001b`, and what looks like a line of ours begins with spaces.
 */
export function formatDiagnostic(d: Diagnostic): string {
  const place = formatPlace(d.at);
  const head = `${d.severity}[${d.code}]${place === '' ? '' : ` ${place}`}: ${d.message}`;
  return [head, ...d.notes.map((note) => `  help: ${note}`)]
    .map((line) => line.split('\n').map(visible).join('\n    '))
    .join('\n');
}

/**
 * `text` on one line, without characters that a terminal obeys: control characters, line ends, changes of the direction of
 * writing and lone surrogates are replaced by their escapes.
 */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_C}\p{Cs}]/gu, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** As `visible`, of each line: line ends stay. */
export function visibleLines(text: string): string {
  return text.split('\n').map(visible).join('\n');
}

function formatPlace(at: Place): string {
  const parts: string[] = [];
  if (at.file !== undefined) {
    const position = at.line === undefined ? '' : `:${at.line}${at.column === undefined ? '' : `:${at.column}`}`;
    parts.push(at.file + position);
  } else if (at.line !== undefined) {
    parts.push(`line ${at.line}${at.column === undefined ? '' : `, column ${at.column}`}`);
  }
  if (at.part !== undefined) parts.push(at.part);
  for (const node of at.nodes ?? []) parts.push(`node "${node.name || node.output}" (${node.opType})`);
  return visible(parts.join(', '));
}
