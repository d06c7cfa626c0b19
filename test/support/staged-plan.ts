/** A small plan that its client refreshes. */
import { planStatistics } from '../../costs/plan-statistics.ts';
import type { Parameters } from '../../ir/parameters.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import { ProgramWriter } from '../unit/runtime/engines/seal-wasm/programs.ts';

const parameters: Parameters = {
  polyModulusDegree: 8192,
  primes: [281474976546817, 281474974482433, 1073643521],
  specialPrimes: [281474976694273],
};

/**
 * Beyond what its answers err: ten times the largest error of 40 imagined keys (`ir/interpret/noise.ts`), 1.8e-3, which is that of the rotation
 * at slot 0, whose digits are not centred and as large as the special prime. The median of the largest errors is 3.8e-4.
 */
export const stagedError = 0.018;

/**
 * Two round trips, in the first of them two values; what was multiplied then, of size 3, waits for the second; one output is there
 * before the first.
 */
export function stagedPlan(): Plan {
  const writer = new ProgramWriter(parameters, 2 ** 30);
  const [x, y] = [writer.input(), writer.input(1)];
  const square = writer.rescale(writer.relinearize(writer.multiply(x, x)));
  const turned = writer.rotate(y, 3);
  const early = writer.input(1);
  writer.output(early);
  const [u, v] = [writer.refresh(square, 2), writer.refresh(turned, 1)];
  const product = writer.multiply(writer.modSwitch(u), v);
  const again = writer.rescale(writer.multiplyPlain(u, writer.plaintext([0.5, -0.25, 1, 0.125]), writer.prime(u)));
  const back = writer.refresh(again, 1);
  const fitted = writer.multiplyPlain(back, writer.plaintext([1]), writer.of(product).scale / writer.of(back).scale);
  writer.output(writer.relinearize(writer.sum(fitted, product)));
  const plan = writer.plan();
  const given = { weightTilesPruned: 0, predictedMaxError: plan.client.predictedMaxError };
  return { ...plan, statistics: planStatistics(plan.program, plan.engine, given) };
}
