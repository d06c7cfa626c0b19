/** A plan with every key: products, rotations, a relinearisation and a rescale on two inputs, at N = 4096. */
import type { Parameters } from '../../../ir/parameters.ts';
import type { Plan } from '../../../ir/plan/plan.ts';
import { ProgramWriter, smallParameters } from '../../unit/runtime/engines/seal-wasm/programs.ts';
import { planStatistics } from '../../../costs/plan-statistics.ts';

/** Of the 109 bits that the HE standard of 2018 gives N = 4096. */
export const formerParameters: Parameters = { ...smallParameters, specialPrimes: [8796092858369] };

export function smallPlan(parameters = smallParameters): Plan {
  const writer = new ProgramWriter(parameters, 2 ** 28);
  const [x, y] = [writer.input(), writer.input()];
  const sum = [1, 5].reduce((total, step) => writer.sum(total, writer.rotate(x, step)), y);
  writer.output(writer.rescale(writer.relinearize(writer.multiply(sum, y))));
  writer.output(writer.multiplyPlain(writer.rotate(x, 7), writer.plaintext([0.5, -1]), 2 ** 28));
  const plan = writer.plan();
  const { predictedMaxError } = plan.client;
  return {
    ...plan,
    statistics: planStatistics(plan.program, plan.engine, { weightTilesPruned: 0, predictedMaxError }),
  };
}
