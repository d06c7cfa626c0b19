import { type ClientCostTable, clientOpCost } from '../../../costs/client-costs.ts';
import { type CostTable, opCost } from '../../../costs/op-costs.ts';
import { type PolyModulusDegree, polyModulusDegrees } from '../../../ir/parameters.ts';
import { costOrigin, writeCostFile } from '../../../runtime/measuring/cost-file.ts';
import { costLadders, quickCostLadders } from '../../../runtime/measuring/cost-ladders.ts';
import { measureCosts as measure } from '../../../runtime/measuring/measure-costs.ts';
import { interruptible } from '../../shell/interrupts.ts';
import { OutputFile } from '../../files/output-file.ts';
import { createProgress } from '../../shell/progress.ts';
import { toJson } from '../../render/json.ts';
import { renderTable } from '../../render/table.ts';
import { formatPercent } from '../../render/units.ts';
import type { Action } from '../../parsing/declaration.ts';
import type { measureCosts } from '../../commands/making/measure-costs.ts';

/** Operations in the printed table, by the names of its columns. */
const shownOps = {
  rotate: 'rotate',
  'of many': 'rotate-hoisted',
  product: 'multiply-plain',
  rescale: 'rescale',
} as const;

/** Levels of the printed table. */
const primeCounts: Readonly<Record<PolyModulusDegree, readonly number[]>> = {
  4096: [2, 3],
  8192: [2, 3, 5],
  16384: [3, 5, 8],
  32768: [4, 8, 16],
  65536: [8, 16, 36],
};

/** Costs that the fit misses by more have been disturbed. */
const maxMisfit = 0.15;

export const runMeasureCosts: Action<typeof measureCosts> = async (options, { print, remark }) => {
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
  if (options.json) print(toJson({ ...origin, largestMisfit, table, client: clientTable }));
  else print(`${options.output}: milliseconds on ${origin.cpu}\n${renderCosts(table, clientTable)}`);
  if (largestMisfit > maxMisfit)
    remark(
      `measurements differ by up to ${formatPercent(largestMisfit)} from the fitted costs: ` +
        'measure again when the machine is quiet',
    );
};

function renderCosts(table: CostTable, client: ClientCostTable): string {
  const measured = polyModulusDegrees.filter((degree) => table[degree] !== undefined);
  const rows = measured.flatMap((degree) =>
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
