import { type ClientCostTable, clientOpCost } from '../../../costs/client-costs.ts';
import { z } from 'zod';
import { type CostTable, opCost } from '../../../costs/op-costs.ts';
import { engineNames } from '../../../ir/plan/plan.ts';
import { polyModulusDegrees } from '../../../ir/parameters.ts';
import { costOrigin, writeCostFile } from '../../../runtime/measuring/cost-file.ts';
import { costLadders, quickCostLadders } from '../../../runtime/measuring/cost-ladders.ts';
import { measureCosts as measure } from '../../../runtime/measuring/measure-costs.ts';
import { defineCommand, option } from '../../shell/command.ts';
import { interruptible } from '../../shell/interrupts.ts';
import { choice, flag, text } from '../../shell/option-values.ts';
import { OutputFile } from '../../files/output-file.ts';
import { createProgress } from '../../shell/progress.ts';
import { renderTable } from '../../render/table.ts';
import { formatPercent } from '../../render/units.ts';
import { json, quiet } from '../options/options.ts';

/** Operations in the printed table, by the names of its columns. */
const shownOps = {
  rotate: 'rotate',
  'of many': 'rotate-hoisted',
  product: 'multiply-plain',
  rescale: 'rescale',
} as const;

/** Levels of the printed table. */
const primeCounts: Readonly<Record<keyof CostTable, readonly number[]>> = {
  4096: [2, 3],
  8192: [2, 3, 5],
  16384: [3, 5, 8],
  32768: [4, 8, 16],
};

/** Costs that the fit misses by more have been disturbed. */
const maxMisfit = 0.15;

export const measureCosts = defineCommand({
  name: 'measure-costs',
  group: 'Look inside the compiler',
  summary: 'Measure what operations cost on this machine',
  details: [
    'Measures the operations of the engine, and the work of the client. Writes a file for `hepc compile --costs`, which then chooses layouts and parameters by it, and estimates times. ' +
      'Without that option the compiler takes the costs that it comes with, so that the same model gives the same ' +
      'plan everywhere.',
    'Takes a minute on one core, and half a gigabyte; other programs should rest meanwhile. The file belongs to ' +
      'this processor and to the version of the engine.',
  ],
  options: z.strictObject({
    output: option(text, { doc: 'the costs', short: 'o', value: 'COSTS.json' }),
    engine: option(choice(engineNames).default('simd'), { doc: 'what is measured', value: 'ENGINE' }),
    quick: option(flag, { doc: 'a rougher look, in some seconds' }),
    json,
    quiet,
  }),
  examples: ['measure-costs -o costs.json'],
  run: async (options, { print, remark }) => {
    const output = new OutputFile(options.output);
    const { engine } = options;
    const origin = costOrigin(engine);
    const progress = createProgress(options.quiet);
    progress.step(`measuring ${origin.engine} (${origin.engineVersion}) on ${origin.cpu}`);
    const { table, clientTable, largestMisfit } = await interruptible((signal) =>
      measure({
        engine,
        ladders: options.quick ? quickCostLadders : costLadders,
        signal,
        onProgress: (part) => progress.fraction(part),
      }),
    ).finally(() => progress.end());
    output.write(writeCostFile({ costs: table, clientCosts: clientTable }, origin));
    if (options.json) print(`${JSON.stringify({ ...origin, largestMisfit, table, client: clientTable }, null, 2)}\n`);
    else print(`${options.output}: milliseconds on ${origin.cpu}\n${renderCosts(table, clientTable)}`);
    if (largestMisfit > maxMisfit)
      remark(
        `measurements differ by up to ${formatPercent(largestMisfit)} from the fitted costs: ` +
          'measure again when the machine is quiet',
      );
  },
});

function renderCosts(table: CostTable, client: ClientCostTable): string {
  const rows = polyModulusDegrees.flatMap((degree) =>
    primeCounts[degree].map((primes) => [
      String(degree),
      String(primes),
      ...Object.values(shownOps).map((op) => opCost(op, primes - 1, degree, table).toFixed(2)),
      clientOpCost('encrypt', primes - 1, degree, client).toFixed(2),
    ]),
  );
  const titles = ['N', 'primes', ...Object.keys(shownOps)];
  return renderTable(
    titles.map((title) => ({ title, align: 'right' as const })),
    rows,
  );
}
