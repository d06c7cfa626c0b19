/** The scores of TreeEnsembleRegressor, TreeEnsembleClassifier and TreeEnsemble, before their post transforms. */
import type { NodeReader, Operation, Rule } from '../../../emission/operation.ts';
import { invalid, refused } from '../../../proto/failure.ts';
import { type AnyTerm, constant, type Term } from '../../../proto/term.ts';
import { sum } from '../../arithmetic.ts';
import type { Ensemble } from './ensemble.ts';
import { readTreeEnsemble } from './read-ensemble.ts';
import { floatsOrTensor, readEnsemble } from './read-nodes.ts';
import { treeScores } from './tree-scores.ts';

type Reader = NodeReader<AnyTerm>;

/** The scores of an operator; where `mayMiss`, operand 0 has indicators of what is missing (`missing-values.ts`). */
type Scores = (mayMiss: boolean) => Rule;

/** Reads the ensemble of an operator. */
export const ensembleReaders = {
  TreeEnsembleRegressor: (op: Reader) => readEnsemble(op, 'target', targetsOf(op)),
  TreeEnsembleClassifier: (op: Reader) => readEnsemble(op, 'class', classVotes(op).classes),
  TreeEnsemble: (op: Reader) => readTreeEnsemble(op, targetsOf(op)),
};

export const treeRegressorScores: Scores = (mayMiss) => (op) => {
  const ensemble = ensembleReaders.TreeEnsembleRegressor(op);
  const { targets } = ensemble;
  const given = floatsOrTensor(op, 'base_values');
  const base = given?.length === 0 ? undefined : given;
  if (base !== undefined && base.length !== targets) throw invalid(`${base.length} base values for ${targets} targets`);
  return [aggregated(op, ensemble, { how: op.text('aggregate_function') ?? 'SUM', base, mayMiss })];
};

export const treeEnsembleScores: Scores = (mayMiss) => (op) => {
  const number = op.int('aggregate_function', 1);
  const names = ['AVERAGE', 'SUM', 'MIN', 'MAX'];
  return [aggregated(op, ensembleReaders.TreeEnsemble(op), { how: names[number] ?? String(number), mayMiss })];
};

/** The score of each class; where all votes of a classifier of two are for one class, the score of that alone. */
export const treeClassifierScores: Scores = (mayMiss) => (op) => {
  const votes = classVotes(op);
  const ensemble = ensembleReaders.TreeEnsembleClassifier(op);
  const own = votes.only === undefined ? ensemble : onlyTarget(ensemble, votes.only);
  return [withBase(op, treeScores(op, own, { mayMiss }), baseOfClasses(op, votes))];
};

/** How the leaves of a classifier vote. */
export interface ClassVotes {
  /** Classes that have labels. */
  readonly classes: number;
  /** The class of two that all votes are for. */
  readonly only: number | undefined;
  /** Whether no vote weighs less than 0. */
  readonly positive: boolean;
}

export function classVotes(op: NodeReader<AnyTerm>): ClassVotes {
  const labels = op.strings('classlabels_strings') ?? op.ints('classlabels_int64s') ?? [];
  if (labels.length < 2)
    throw refused(
      `the classifier has ${labels.length} labels`,
      'Of one class there is nothing to decide: use a regressor.',
    );
  const ids = op.ints('class_ids') ?? [];
  const [first = 0] = ids;
  const isOnly = labels.length === 2 && ids.every((id) => id === first);
  const weights = Array.from(floatsOrTensor(op, 'class_weights') ?? []);
  return { classes: labels.length, only: isOnly ? first : undefined, positive: weights.every((w) => w >= 0) };
}

/** Of two classes with one score there is one base value; a single one of several classes belongs to the first. */
function baseOfClasses(op: Operation, { classes, only }: ClassVotes): ArrayLike<number> | undefined {
  const base = floatsOrTensor(op, 'base_values');
  if (base === undefined || base.length === 0) return undefined;
  const expected = only === undefined ? classes : 1;
  if (base.length !== expected || only === 1)
    throw refused(
      `${base.length} base values for ${expected} scores of ${classes} classes`,
      'Give the model one base value for each class that its leaves vote for.',
    );
  return base;
}

function onlyTarget(ensemble: Ensemble, target: number): Ensemble {
  const nodes = ensemble.nodes.map((node) =>
    node.kind === 'leaf'
      ? { ...node, votes: node.votes.map((vote) => ({ ...vote, target: vote.target - target })) }
      : node,
  );
  return { ...ensemble, nodes, targets: 1 };
}

interface Aggregation {
  readonly how: string;
  readonly base?: ArrayLike<number> | undefined;
  readonly mayMiss: boolean;
}

function aggregated(op: Operation, ensemble: Ensemble, { how, base, mayMiss }: Aggregation): Term {
  if (how !== 'SUM' && how !== 'AVERAGE')
    throw refused(
      `aggregate_function is "${how}"`,
      'Supported are SUM and AVERAGE: a minimum or maximum of the trees would compare them all with each other.',
    );
  const factor = how === 'AVERAGE' ? 1 / Math.max(1, ensemble.roots.length) : 1;
  return withBase(op, treeScores(op, ensemble, { factor, mayMiss }), base);
}

function withBase(op: Operation, scores: Term, base: ArrayLike<number> | undefined): Term {
  return base === undefined ? scores : sum(op.emit, [scores, constant([base.length], Float64Array.from(base))]);
}

function targetsOf(op: Reader): number {
  const targets = op.int('n_targets', 1);
  if (targets < 1) throw invalid(`n_targets is ${targets}`);
  return targets;
}
