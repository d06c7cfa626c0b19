/** Outcomes as text and as Markdown. */
import { column, table } from '../../../bench/markdown.ts';
import { type Kind, kindTitles, owed } from './operator-kinds.ts';
import type { Verdict } from './run.ts';
import type { Variant } from './variants.ts';

export interface Outcome extends Pick<Variant, 'name' | 'operator' | 'kind'> {
  readonly verdict: Verdict;
}

type Refused = Outcome & { readonly verdict: Extract<Verdict, { kind: 'refused' }> };
type Wrong = Outcome & { readonly verdict: Extract<Verdict, { kind: 'wrong' }> };

const isRefused = (outcome: Outcome): outcome is Refused => outcome.verdict.kind === 'refused';
const isWrong = (outcome: Outcome): outcome is Wrong => outcome.verdict.kind === 'wrong';
const isOwed = ({ kind }: Outcome): boolean => owed.has(kind);
const passes = ({ verdict }: Outcome): boolean => verdict.kind === 'passed';

function byOperator(outcomes: readonly Outcome[]): [string, Outcome[]][] {
  return [...Map.groupBy(outcomes, ({ operator }) => operator)].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

const count = (outcomes: readonly Outcome[], is: (outcome: Outcome) => boolean) => outcomes.filter(is).length;

function totals(outcomes: readonly Outcome[]): string {
  const needNot = count(outcomes, (outcome) => isRefused(outcome) && isOwed(outcome));
  return [
    `${outcomes.length} cases`,
    `${count(outcomes, passes)} passed`,
    `${count(outcomes, isWrong)} wrong`,
    `${count(outcomes, isRefused)} refused, ${needNot} of which need not be`,
  ].join(', ');
}

function reasonOf({ verdict }: Refused): string {
  const messages = verdict.diagnostics.map(({ code, message }) => `${code} ${message}`);
  return [...new Set(messages)].join(' | ').replaceAll(/\s+/g, ' ');
}

/** Totals by operator, and every wrong answer. `newer`: cases of operator sets that the README does not claim. */
export function renderSummary(outcomes: readonly Outcome[], newer: number): string {
  const lines = byOperator(outcomes).map(([operator, own]) => `${operator}: ${totals(own)}`);
  const wrong = outcomes.filter(isWrong).map(({ name, verdict }) => `WRONG ${name}: ${verdict.how}`);
  return [...lines, ...wrong, `${totals(outcomes)}; ${newer} more have newer operator sets`, ''].join('\n');
}

/** Every refusal with its reason, those first that need not be. */
export function renderRefusals(outcomes: readonly Outcome[]): string {
  return byKind(outcomes)
    .map(([kind, own]) => {
      const lines = own.map((outcome) => `  ${outcome.name}: ${reasonOf(outcome)}`);
      return [`${kindTitles[kind]} (${own.length})`, ...lines, ''].join('\n');
    })
    .join('\n');
}

function byKind(outcomes: readonly Outcome[]): [Kind, Refused[]][] {
  const groups = [...Map.groupBy(outcomes.filter(isRefused), ({ kind }) => kind)];
  return groups.toSorted(([a], [b]) => Number(owed.has(b)) - Number(owed.has(a)));
}

/** `bench/onnx-cases.md`. */
export function renderReport(outcomes: readonly Outcome[], newer: number): string {
  return [
    '# ONNX’s own tests of operators',
    'Written by `npm run onnx-cases -- --write`, with the tests of onnx 1.23.2. Of all its tests of operators those whose operators the README lists and whose operands are numbers. ONNX has all operands of an operator as inputs; here one that is data is encrypted and the others are constants, as exporters have them, and where several are data all of them are encrypted once more. Models are imported and their modules evaluated in the clear.',
    `${totals(outcomes)}; ${newer} more have newer operator sets.`,
    ...outcomes.filter(isWrong).map(({ name, verdict }) => `**${name} is wrong:** ${verdict.how}`),
    '## Refused',
    'By what the operator would have to do with encrypted values.',
    ...byKind(outcomes).map(
      ([kind, own]) => `- **${kindTitles[kind]}** (${own.length}): ${own.map(({ name }) => name).join(', ')}`,
    ),
    '## By operator',
    table<[string, Outcome[]]>(
      [
        column('operator', ([operator]) => operator),
        column('cases', ([, own]) => own.length),
        column('passed', ([, own]) => count(own, passes)),
        column('wrong', ([, own]) => count(own, isWrong)),
        column('refused', ([, own]) => count(own, isRefused)),
        column('need not be', ([, own]) => count(own, (each) => isRefused(each) && isOwed(each))),
      ],
      byOperator(outcomes),
    ),
  ].join('\n\n');
}
