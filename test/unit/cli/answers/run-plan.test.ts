/** Plans on samples that are read as they are needed. */
import { expect, test } from 'vitest';
import { type RunOptions, runPlan, runPlanOn } from '../../../../cli/answers/run-plan.ts';
import { createProgress } from '../../../../cli/shell/progress.ts';
import type { Sample } from '../../../../ir/interface.ts';
import { seededRandom } from '../../../../ir/random.ts';
import { type SampleSource, sampleSource } from '../../../../runtime/sample-source.ts';
import { denseModel } from '../../../support/cli.ts';
import { compileBytes } from '../../../support/run-plans.ts';

const random = seededRandom(3);
const samples = Array.from(
  { length: 7 },
  (): Sample => new Map([['x', Float64Array.from({ length: 16 }, () => random.uniform())]]),
);
const { plan } = compileBytes(denseModel(1), { samples, maxError: 0.01, batch: 2 });
const { batch } = plan.client;

function optionsOf(engine: RunOptions['engine'], noiseSeed?: number): RunOptions {
  return { engine, threads: 1, noiseSeed, signal: new AbortController().signal, progress: createProgress(true) };
}

/** Writes down what is read. */
function recorded(list: readonly Sample[], events: string[]): SampleSource {
  const source = sampleSource(list);
  return {
    count: source.count,
    read: (first, end) => {
      events.push(`read ${first} to ${end}`);
      return source.read(first, end);
    },
  };
}

test.each(['clear', 'simd', 'seal-wasm'] as const)('%s reads and gives up one run at a time', async (engine) => {
  expect(batch).toBe(2);
  const events: string[] = [];
  const answers: unknown[] = [];
  await runPlanOn(plan, recorded(samples, events), optionsOf(engine), async (run) => {
    events.push(`answers from ${run.first}`);
    expect(run.encrypted).toEqual(samples.slice(run.first, run.first + 2));
    answers.push(...run.answers);
    await Promise.resolve();
  });
  const reads = ['read 0 to 2', 'read 2 to 4', 'read 4 to 6', 'read 6 to 7'];
  expect(events).toEqual([...reads, ...reads.flatMap((read, k) => [read, `answers from ${2 * k}`])]);
  expect(answers).toHaveLength(7);
  const { answers: clear } = await runPlan(plan, samples, optionsOf('clear'));
  for (const [k, answer] of clear.entries()) {
    const got = (answers[k] as Sample).get('y');
    (answer.get('y') as Float64Array).forEach((y, i) => {
      expect(got?.[i]).toBeCloseTo(y, 3);
    });
  }
});

test.each(['clear', 'simd'] as const)('%s refuses a sample by its number before it computes', async (engine) => {
  const wrong: Sample[] = [...samples, new Map([['x', new Float64Array(16).fill(1e9)]])];
  const used = runPlanOn(plan, sampleSource(wrong), optionsOf(engine), () => {
    throw new Error('a run was made');
  });
  await expect(used).rejects.toThrow(/H510.*of sample 7/);
  const short = runPlanOn(plan, { ...sampleSource(samples), count: 9 }, optionsOf(engine), () => Promise.resolve());
  await expect(short).rejects.toThrow('H612');
});
