/** The comparison of two checkouts as Markdown. */
import { median } from '../../ir/maths/averages.ts';
import { column, spread, table } from '../markdown.ts';

export interface Comparison {
  readonly what: string;
  /** Milliseconds by round; the same rounds on both sides. */
  readonly before: readonly number[];
  readonly after: readonly number[];
}

export interface Circumstances {
  readonly machine: string;
  readonly node: string;
  readonly date: string;
}

export function renderPairs(comparisons: readonly Comparison[], { machine, node, date }: Circumstances): string {
  const ratios = ({ before, after }: Comparison): number[] => after.map((time, i) => time / (before[i] ?? NaN));
  const rows = table<Comparison>(
    [
      column('what', ({ what }) => what),
      column('before', ({ before }) => spread(before)),
      column('after', ({ after }) => spread(after)),
      column('after / before', (comparison) => ratio(median(ratios(comparison)))),
      column('least to largest', (comparison) => {
        const each = ratios(comparison);
        return `${ratio(Math.min(...each))} to ${ratio(Math.max(...each))}`;
      }),
    ],
    comparisons,
  );
  const rounds = comparisons[0]?.after.length ?? 0;
  return `# Two checkouts in pairs

Made by \`npm run bench:pairs\` on ${machine}, Node ${node}, ${date}: ${rounds} rounds, in each both checkouts in turn, every measurement in a process of its own. Times are medians over the rounds, with the least and the largest in brackets; ratios are medians of the ratios of each round.

${rows}
`;
}

const ratio = (value: number): string => value.toFixed(3);
