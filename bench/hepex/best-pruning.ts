/** The cheapest pruned plan that `auto` finds within a loss budget, measured against the best unpruned one. */
import type { Compilation } from '../../compiler/network-plans.ts';
import type { EngineName } from '../../ir/plan/plan.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import type { PruningPoint } from '../../ir/plan/pruning-report.ts';
import type { Sample } from '../../ir/interface.ts';
import { type AutoWay, searchPruning } from '../../pruning/auto.ts';
import { countsOf } from '../../pruning/report.ts';
import { readMnist } from '../mnist.ts';
import { keepPlans } from './kept-plans.ts';
import { type Memory, memoryOf } from './memory.ts';
import { measurePlans } from './measure-plans.ts';
import { isClassifier, openBench, type Setting } from './setting.ts';

type Costs = ReturnType<typeof countsOf> & { readonly memory: Memory; readonly runs: number };

function costsOf(compilation: Compilation): Costs {
  const { runs } = compilation.chosen.measures;
  return { ...countsOf(compilation), memory: memoryOf(compilation), runs };
}

export interface BestPruning {
  readonly name: string;
  readonly goal: string;
  /** That the plans are for, and were measured on. */
  readonly engine: EngineName;
  readonly budget: number;
  readonly policy: string;
  /** On the 10,000 test images: accuracy, or mean-square error. */
  readonly quality: { readonly unpruned: number; readonly pruned: number; readonly retrained: number };
  readonly epochs: number;
  /** Of the unpruned model, for `quality.retrained`. */
  readonly retrainedEpochs: number;
  readonly before: Costs;
  readonly after: Costs;
  /** Medians of encrypted runs, in milliseconds for the wanted batch. */
  readonly measured: { readonly before: number; readonly after: number; readonly spread: number };
  /** The same network with encrypted weights, against the unpruned one. */
  readonly encrypted?: { readonly before: Costs; readonly after: Costs };
  readonly points: readonly PruningPoint[];
  readonly seconds: number;
}

export interface BestPruningOptions {
  readonly goal: string;
  /** Of `Metric.degradation`, on the test images. */
  readonly budget: number;
  /** After each step of the search. */
  readonly epochs: number;
  /** Whether plans with encrypted weights are compared as well. */
  readonly encrypted: boolean;
  /** Of the search; all by default. */
  readonly ways?: readonly AutoWay[];
  /** Encrypted runs of each plan. */
  readonly rounds: number;
}

/** Epochs of the unpruned model, which are longer than those of a pruned one. */
const mostRetrained = 24;

/** Searches keep this share of the budget, since they see only half of the test images. */
const margin = 0.85;

/** Times of the unpruned and the pruned plan. */
export async function measureTimes(
  plans: readonly Plan[],
  { engine, before, after }: Pick<BestPruning, 'engine' | 'before' | 'after'>,
  rounds: number,
): Promise<BestPruning['measured']> {
  const { milliseconds, spread } = await measurePlans(plans, testSamples(256), { engine, rounds });
  const [first = NaN, second = NaN] = milliseconds;
  return { before: first * before.runs, after: second * after.runs, spread: Math.max(...spread) };
}

/** The plans are kept as those of `part`. */
export async function bestPruning(part: string, setting: Setting, options: BestPruningOptions): Promise<BestPruning> {
  const start = performance.now();
  const { goal, budget, epochs, rounds, encrypted, ways } = options;
  const { engine } = setting;
  const { session, test } = await openBench(setting);
  const { pruner } = session;
  const log = (line: string) => process.stderr.write(`${part}: ${line}\n`);
  const { best, points } = await searchPruning(pruner, {
    maxDegradation: margin * budget,
    epochs,
    before: session.before,
    pricing: session.plans,
    ...(ways && { ways }),
    onPoint: (point) =>
      log(
        `${point.policy} ${point.sparsity.toFixed(3)}: ${point.quality.toPrecision(4)}, ${point.milliseconds.toFixed(0)} ms`,
      ),
  });
  if (best === undefined) throw new Error(`nothing keeps a loss of ${budget}`);
  const compilation = session.plans.best(best.network);
  const spent = epochs * best.steps;
  const retrainedEpochs = Math.min(spent, mostRetrained);
  const retrained = await test(await pruner.train(pruner.context.module, retrainedEpochs));
  const quality = {
    unpruned: await test(pruner.context.module),
    pruned: await test(best.network.module),
    retrained,
  };
  const plans = [session.plans.unpruned.plan, compilation.plan];
  keepPlans(part, plans);
  const [before, after] = [costsOf(session.plans.unpruned), costsOf(compilation)];
  const measured = await measureTimes(plans, { engine, before, after }, rounds);
  return {
    name: setting.name,
    goal,
    engine,
    budget,
    policy: best.policy,
    quality,
    epochs: spent,
    retrainedEpochs,
    before,
    after,
    measured,
    ...(encrypted && {
      encrypted: {
        before: costsOf(session.plans.best(pruner.unpruned, { weights: 'encrypted' })),
        after: costsOf(session.plans.best(best.network, { weights: 'encrypted' })),
      },
    }),
    points,
    seconds: (performance.now() - start) / 1000,
  };
}

/** Points of accuracy as a share, or the relative rise of an error. */
export function budgetOf(name: Setting['name']): number {
  return isClassifier(name) ? 0.005 : 0.025;
}

function testSamples(count: number): Sample[] {
  const { images } = readMnist('t10k', count);
  return Array.from(
    { length: count },
    (_, k): Sample => new Map([['input', Float64Array.from(images.subarray(784 * k, 784 * (k + 1)))]]),
  );
}
