/** What the names of one kind (`%`, `@`, `#` or `$`) stand for, while a text is read from top to bottom. */
import * as problem from '../../diagnostics/text.ts';
import type { Report } from './report.ts';
import type { SyntaxRef } from './syntax.ts';

const kinds = {
  value: { sigil: '%', keyword: '', definition: (name: string) => `${name} = …` },
  constant: { sigil: '@', keyword: 'const ', definition: (name: string) => `const ${name} = f64[2] [0.5, 1]` },
  plaintext: {
    sigil: '#',
    keyword: 'plain ',
    definition: (name: string) => `plain ${name} = @0 tile 0 shift 0 inner 1`,
  },
  origin: { sigil: '$', keyword: 'origin ', definition: (name: string) => `origin ${name} = "node" Gemm "output"` },
} as const;

/** A definition that is wrong itself still defines its name, as `undefined`: one mistake is reported once. */
export class Names<Meaning> {
  private readonly known = new Map<number, Meaning | undefined>();
  /** Undefined names that were reported: once is enough. */
  private readonly missing = new Set<number>();
  private readonly report: Report;

  constructor(report: Report) {
    this.report = report;
  }

  define(ref: SyntaxRef, meaning: Meaning | undefined): void {
    if (this.known.has(ref.id)) this.report.add(problem.definedTwice, { name: nameOf(ref) }, ref.at);
    else this.known.set(ref.id, meaning);
  }

  /** `undefined` where a problem was reported, here or at the definition. */
  lookUp(ref: SyntaxRef): Meaning | undefined {
    const meaning = this.known.get(ref.id);
    if (meaning === undefined && !this.known.has(ref.id) && !this.missing.has(ref.id)) {
      this.missing.add(ref.id);
      const name = nameOf(ref);
      const definition = kinds[ref.kind].definition(name);
      this.report.add(problem.undefinedName, { name, definition, definedLater: this.isDefinedLater(ref) }, ref.at);
    }
    return meaning;
  }

  /** Only reached where something is wrong, and not more often than problems are reported. */
  private isDefinedLater({ kind, id, at }: SyntaxRef): boolean {
    if (this.report.full) return false;
    const { sigil, keyword } = kinds[kind];
    const pattern = new RegExp(`^${keyword.replace(' ', '[ \\t]+')}\\${sigil}0*${id}[ \\t]*=`, 'm');
    return pattern.test(this.report.source.text.slice(at));
  }
}

function nameOf({ kind, id }: SyntaxRef): string {
  return `${kinds[kind].sigil}${id}`;
}
