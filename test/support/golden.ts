/**
 * Golden cases of passes: `test/golden/<pass>/<case>.ir`.
 *
 *   // pass: fold-rotations {option: value}
 *   // values: within 1e-9
 *   --- before
 *   hepc.ir 1 he …
 *   --- after
 *   hepc.ir 1 he …
 *   --- statistics
 *   composed: 1
 *
 * The text is compared exactly, and both modules print as they are written. Before and after must compute the same
 * values in the clear, up to `within` (a fraction of the largest absolute output; 1e-9 where the line is left out);
 * `// values: differ` is for cases that mean to change them, and of a pass that is declared `lossy` no values are
 * compared at all. `--- statistics` may be left out. A pass that refuses its module has `--- diagnostics` in place of `--- after`. Other lines of comment before the first section are for
 * the reader. `// pass: schedule` is the step from `he` to `plan`, which is no pass but is shown in the same way.
 */
import { HepcError, formatDiagnostic } from '../../ir/diagnostics/diagnostic.ts';
import type { AnyModule, Modules } from '../../ir/levels.ts';
import { parseDict } from '../../ir/text/parse-dict.ts';
import { parseModule } from '../../ir/text/parse.ts';
import { printModule } from '../../ir/text/print.ts';
import { verify } from '../../ir/verify.ts';
import { scheduleProgram } from '../../passes/he/scheduling/schedule.ts';
import { PassManager } from '../../passes/manager.ts';
import type { AnyPass, Pass } from '../../passes/base/pass.ts';
import { createTrainer } from '../../training/trainer.ts';
import { seededInputs } from './seeded-inputs.ts';

const sectionNames = ['before', 'after', 'diagnostics', 'statistics'] as const;
type SectionName = (typeof sectionNames)[number];
export type Sections = ReadonlyMap<SectionName, string>;

export interface GoldenCase {
  /** The lines before the first section, with the newline after them. */
  readonly head: string;
  readonly pass: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Largest difference of values, as a fraction of the largest output; `undefined` where they may differ. */
  readonly tolerance: number | undefined;
  readonly sections: Sections;
}

const defaultTolerance = 1e-9;
const sampleCount = 8;

/** Throws a plain `Error` where the file is no golden case. */
export function readGoldenCase(text: string): GoldenCase {
  const lines = text.split('\n');
  const first = lines.findIndex((line) => line.startsWith('--- '));
  if (first === -1) throw new Error('a golden case has sections: --- before, --- after');
  const head = lines.slice(0, first);
  const pass = /^\/\/ pass: ([\w-]+) *(\{.*\})?$/.exec(head[0] ?? '');
  if (pass === null) throw new Error('the first line of a golden case is: // pass: NAME {options}');
  const options = parseDict(pass[2] ?? '{}');
  if (options.value === undefined) throw new Error(options.diagnostics.map(formatDiagnostic).join('\n'));
  return {
    head: head.map((line) => `${line}\n`).join(''),
    pass: pass[1] ?? '',
    options: options.value,
    tolerance: readTolerance(head),
    sections: readSections(lines.slice(first)),
  };
}

function readTolerance(head: readonly string[]): number | undefined {
  const line = head.find((each) => each.startsWith('// values:'));
  if (line === undefined) return defaultTolerance;
  const match = /^\/\/ values: (?:(differ)|within (\d\S*))$/.exec(line);
  const tolerance = Number(match?.[2]);
  if (match?.[1] !== undefined) return undefined;
  if (Number.isNaN(tolerance))
    throw new Error(`expected \`// values: within 1e-9\` or \`// values: differ\`, got: ${line}`);
  return tolerance;
}

function readSections(lines: readonly string[]): Sections {
  const sections = new Map<SectionName, string>();
  let current: SectionName | undefined;
  for (const line of lines) {
    if (line.startsWith('--- ')) {
      const name = sectionNames.find((each) => line === `--- ${each}`);
      if (name === undefined || sections.has(name)) throw new Error(`unknown or second section: ${line}`);
      current = name;
      sections.set(name, '');
    } else if (current !== undefined) {
      sections.set(current, `${sections.get(current) ?? ''}${line}\n`);
    }
  }
  return new Map([...sections].map(([name, text]) => [name, `${text.trimEnd()}\n`]));
}

export function formatGoldenCase(head: string, sections: Sections): string {
  const parts = sectionNames.flatMap((name) => {
    const text = sections.get(name);
    return text === undefined ? [] : [`--- ${name}\n${text}`];
  });
  return head + parts.join('');
}

export interface GoldenRun {
  readonly before: AnyModule;
  readonly after: AnyModule | undefined;
  /** What the sections should be. */
  readonly sections: Sections;
  /** Largest difference of values as in the case; `undefined` where they may differ, or do because the pass is lossy. */
  readonly tolerance: number | undefined;
}

/** Runs the pass of `golden` on its module and seeded samples. Throws what is no diagnostic of the pass. */
export async function runGoldenCase(golden: GoldenCase, passes: readonly AnyPass[]): Promise<GoldenRun> {
  if (golden.pass === 'schedule') return runSchedule(golden);
  const pass = passes.find(({ name }) => name === golden.pass);
  if (pass === undefined) throw new Error(`passes/registry.ts has no pass ${golden.pass}`);
  const before = parseSound(golden.sections.get('before') ?? '', 'before');
  if (pass.level !== before.level)
    throw new Error(`${pass.name} takes modules of ${pass.level}, this is ${before.level}`);
  const inputs = seededInputs(before, sampleCount);
  const samples = inputs.kind === 'named' ? inputs.samples : [];
  const manager = new PassManager(samples, {}, { trainer: createTrainer() });
  const sections = new Map<SectionName, string>([['before', printWhole(before)]]);
  const tolerance = pass.lossy === true ? undefined : golden.tolerance;
  try {
    // The level was compared above; the union of passes cannot say that.
    const after =
      'train' in pass
        ? await manager.train(pass, before as Modules['tensor'], golden.options)
        : manager.run(pass as Pass, before, golden.options);
    sections.set('after', printWhole(after));
    if (manager.warnings.length > 0) sections.set('diagnostics', formatAll(manager.warnings));
    if (golden.sections.has('statistics')) sections.set('statistics', formatStatistics(manager));
    return { before, after, sections, tolerance };
  } catch (error) {
    if (!(error instanceof HepcError)) throw error;
    sections.set('diagnostics', formatAll(error.diagnostics));
    return { before, after: undefined, sections, tolerance };
  }
}

function runSchedule({ sections, tolerance }: GoldenCase): GoldenRun {
  const before = parseSound(sections.get('before') ?? '', 'before');
  if (before.level !== 'he') throw new Error(`schedule takes programs of he, this is ${before.level}`);
  const after = scheduleProgram(before);
  const texts = new Map<SectionName, string>([
    ['before', printWhole(before)],
    ['after', printWhole(after)],
  ]);
  return { before, after, sections: texts, tolerance };
}

/** The module of a section, verified. */
export function parseSound(text: string, section: string): AnyModule {
  const { module, diagnostics, locate } = parseModule(text, { fileName: `--- ${section}` });
  const problems = module === undefined ? diagnostics : verify(module, locate);
  if (module === undefined || problems.length > 0) throw new Error(formatAll(problems));
  return module;
}

function printWhole(module: AnyModule): string {
  const { text, constants } = printModule(module);
  if (constants.size > 0)
    throw new Error('a constant of a golden case is too large for its text: make the case smaller');
  return text;
}

function formatAll(diagnostics: readonly Parameters<typeof formatDiagnostic>[0][]): string {
  return `${diagnostics.map(formatDiagnostic).join('\n')}\n`;
}

function formatStatistics({ runs }: PassManager): string {
  return runs
    .flatMap(({ statistics }) => Object.entries(statistics))
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('');
}
