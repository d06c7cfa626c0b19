/**
 * What values the elements of inputs may have. One bound M for all elements of an input (`input-headroom.ts`) is all that
 * there is where they are of one scale, as pixels are. Where they differ it is that of the largest, and says nothing of a
 * feature a thousand times smaller, which the network may well scale to the same size. So others are tried at this bound:
 *
 * 1. Elements whose range has zero and which reach half of the largest of their input are of its scale; up to 16 of them
 *    are tried, more are taken for pixels. All others are tried in cells of equal scale (`narrow-elements.ts`). A cell bears
 *    the bound if samples keep all ranges in which the cell goes up to M and down to −M, or one of its elements alone. Then
 *    nothing that is not linear depends on it so much, and the one bound is enough for it.
 * 2. Elements that fewer than 8 samples show as other than usual have no range that could be told: margins of images, rare
 *    categories. Each is tried alone, and where most samples do not bear it, it is bounded by M / 2^i that they do.
 * 3. What fails in 1 is in a group of its own kind (`element-groups.ts`): what calibration has shown of it is rounded
 *    outwards as coarsely as the network bears when all elements of all inputs go as far at once (powers of 2, √2, …), which
 *    also gives the factor for all together. How far each group goes alone is then found by halving the way from there to
 *    8 times the largest value, to a fourth of an octave. `ir/plan/element-bounds.ts` says why excesses of several groups add up.
 *
 * 4. What comparisons read has limits that were there before all this (`element-limits.ts`): it is clipped or refused beyond them.
 *
 * So what a group refuses of one element leaves a range, or outgrows the headroom of a value, beside some calibration sample,
 * but for the fourth of an octave; and what it accepts does not, beside those samples that were tried. That is proven between
 * the ends for the first layer that is not linear, and tried at the ends for the others. Of pixels it holds beside half of
 * the samples: those at the very edge of a range bear hardly any other pixel. Other samples may lead elsewhere.
 *
 * What it tells the client: how large features are, rounded; and how far groups may go, a few numbers for each of which weights
 * are a part; of elements with limits, how far each goes on the samples. Nothing tells elements of a group apart.
 */
import { largestAbsolute } from '../../ir/maths/averages.ts';
import type { InputBounds } from '../../ir/plan/element-bounds.ts';
import type { TensorModule } from '../../ir/tensor/ops.ts';
import { productsOf } from '../../ir/tensor/products.ts';
import { groupedBounds, roundTogether, withinLimits } from './element-groups.ts';
import { ElementTrials, evenly, triedAlone } from './element-trials.ts';
import { inputHeadroom } from './input-headroom.ts';
import { narrowElements } from './narrow-elements.ts';
import { Trial, type TrialFacts } from './trial.ts';

/** Samples that elements are moved in. */
const samplesTried = { most: 64, least: 4 } as const;

/** Products that trying one end of a few elements alone may take, some seconds: large networks are tried on fewer samples. */
const mostProducts = 2e9;

/** By the name of each input that the network has. */
export function inputBounds(facts: TrialFacts): Map<string, InputBounds> {
  const { samples, limits } = facts;
  const trial = new Trial(facts);
  const tried = affordableSamples(facts.whole);
  const headroom = inputHeadroom(facts, trial);
  const trials = new ElementTrials(
    trial,
    evenly(samples, tried).filter((sample) => trial.keepsRanges(sample)),
  );
  const inputs = [...headroom].map(([name, factor]) => {
    const largest = samples.reduce((most, sample) => Math.max(most, largestAbsolute(sample.get(name) ?? none)), 0);
    return narrowElements(name, samples, { maxAbs: factor * largest, alone: tried * evaluationsPerSample }, trials);
  });
  const areNarrow = inputs.some(({ elements, rare }) => elements.length > 0 || rare.size > 0);
  const rounding = areNarrow ? roundTogether(inputs, Math.min(...headroom.values()), trials) : undefined;
  return new Map(
    inputs.map((input) => {
      const { name, maxAbs, elements, rare } = input;
      const isUniform = rounding === undefined || (elements.length === 0 && rare.size === 0);
      const bounds = isUniform ? { maxAbs } : groupedBounds(input, rounding, trials);
      return [name, withinLimits(bounds, limits?.get(name))];
    }),
  );
}

/** For elements that are tried alone, each on as few samples as there are evaluations. */
const evaluationsPerSample = 8;

function affordableSamples(network: TensorModule): number {
  const affordable = Math.floor(mostProducts / (triedAlone * productsOf(network)));
  return Math.min(samplesTried.most, Math.max(samplesTried.least, affordable));
}

const none = new Float64Array();
