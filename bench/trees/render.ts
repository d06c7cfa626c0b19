/** What ensembles of trees take, as Markdown. */
import { formatMilliseconds } from '../../cli/render/units.ts';
import { column, table } from '../markdown.ts';

export interface MeasuredTrees {
  readonly name: string;
  readonly polyModulusDegree: number;
  readonly levels: number;
  readonly compileMs: number;
  /** Of one sample on one thread: the median, and the least. */
  readonly evaluateMs: number;
  readonly leastMs: number;
  /** Held-out samples, and those of them whose label is the library's. */
  readonly samples: number;
  readonly same: number;
  /** Predicted, on the samples that the model was trained on. */
  readonly labelsKept: number | undefined;
}

export interface Circumstances {
  readonly machine: string;
  readonly cores: number;
  /** Processes that were ready to run, over five minutes. */
  readonly load: number;
  readonly node: string;
  readonly date: string;
}

export function renderTrees(
  measured: readonly MeasuredTrees[],
  { machine, cores, load, node, date }: Circumstances,
): string {
  const rows = table<MeasuredTrees>(
    [
      column('model', ({ name }) => name),
      column('N', ({ polyModulusDegree }) => polyModulusDegree),
      column('levels', ({ levels }) => levels),
      column('compiled in', ({ compileMs }) => formatMilliseconds(compileMs)),
      column('one evaluation, one thread', ({ evaluateMs, leastMs }) =>
        [evaluateMs, leastMs].map(formatMilliseconds).join(', least '),
      ),
      column('labels kept, predicted', ({ labelsKept }) => (labelsKept === undefined ? '' : percent(labelsKept))),
      column('labels as the library', ({ same, samples }) => `${same} of ${samples} (${percent(same / samples)})`),
    ],
    measured,
  );
  return `# Ensembles of decision trees

Made by \`npm run bench:trees\` on ${machine}, ${cores} cores, Node ${node}, ${date}, at a load of ${load.toFixed(1)}. The models are those of \`tools/train-trees.py bench\`: 100 trees each, XGBoost of depth 4, LightGBM of 15 leaves, forests of depth 6, gradient boosting of depth 3. Plans are compiled with \`--max-disagreement 1%\`; samples are encrypted and evaluated one by one, on one thread. None of them was seen in training or compilation, and their labels are compared with those that the library gives them in the clear.

${rows}
`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
