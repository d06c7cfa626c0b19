/** A reader of untrusted bytes, as the fuzzer drives it, and what it must not do. */
import { formatDiagnostic, HepcError } from '../../ir/diagnostics/diagnostic.ts';
import type { Draw } from './mutate/draw.ts';

export interface Target {
  /** Also the folder of its corpus. */
  readonly name: string;
  /** An input: a sound one with changes. */
  mutate(draw: Draw): Uint8Array;
  /** Reads the bytes, and checks what it makes of them. Throws `HepcError` where they are refused. */
  run(bytes: Uint8Array): void | Promise<void>;
}

/** Something that was accepted is not what it should be. */
export class Fault extends Error {}

export type Verdict =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly codes: readonly string[] }
  /** A bug: `text` says which, and where. */
  | { readonly kind: 'fault'; readonly text: string };

const longestMessage = 20_000;
// Of what a terminal acts on, a diagnostic has the newlines between its lines alone.
const controls = /[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

/** What becomes of an input. Never rejects. */
export async function judge(target: Target, bytes: Uint8Array): Promise<Verdict> {
  try {
    await target.run(bytes);
    return { kind: 'accepted' };
  } catch (error) {
    if (!(error instanceof HepcError)) return { kind: 'fault', text: describe(error) };
    const problem = problemOf(error);
    if (problem !== undefined) return { kind: 'fault', text: problem };
    return { kind: 'refused', codes: [...new Set(error.diagnostics.map(({ code }) => code))] };
  }
}

/** What is wrong with the diagnostics themselves. */
function problemOf({ diagnostics }: HepcError): string | undefined {
  if (!diagnostics.some(({ severity }) => severity === 'error')) return 'refused without a diagnostic';
  for (const diagnostic of diagnostics) {
    const text = formatDiagnostic(diagnostic);
    const found = controls.exec(text);
    if (found !== null) {
      const code = found[0].charCodeAt(0).toString(16);
      return `a diagnostic with the control character U+${code}: ${JSON.stringify(text.slice(0, 300))}`;
    }
    if (text.length > longestMessage) return `a diagnostic of ${text.length} characters: ${text.slice(0, 300)}`;
  }
  return undefined;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${String(error)}`;
  return (error.stack ?? String(error)).split('\n').slice(0, 8).join('\n');
}

/** Throws `Fault` where names that are shown to people hold what a terminal acts on. */
export function expectPrintable(...names: readonly string[]): void {
  const found = names.find((name) => controls.test(name) || name.includes('\n'));
  if (found !== undefined) throw new Fault(`the name ${JSON.stringify(found)} was accepted`);
}

export function expectSameBytes(what: string, a: Uint8Array, b: Uint8Array): void {
  if (Buffer.compare(a, b) !== 0) throw new Fault(`${what} differ: ${a.length} and ${b.length} bytes`);
}

export function expectFinite(what: string, values: ArrayLike<number>): void {
  for (let k = 0; k < values.length; k++)
    if (!Number.isFinite(values[k])) throw new Fault(`${what}: element ${k} is ${values[k] ?? 'missing'}`);
}
