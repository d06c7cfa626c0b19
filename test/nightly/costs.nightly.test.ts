/** With costs measured on the spot, the estimate of a plan's evaluation comes true. Wants a quiet machine. */
import { beforeAll, describe, expect, test } from 'vitest';
import { type CostTable } from '../../costs/op-costs.ts';
import { type EngineName, engineNames } from '../../ir/plan/plan.ts';
import { programCost } from '../../costs/program-cost.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import { Client } from '../../runtime/client.ts';
import { measureCosts } from '../../runtime/measuring/measure-costs.ts';
import { Server } from '../../runtime/server.ts';
import { exampleModels, mnistImages, modelBytes } from '../support/mnist.ts';
import { compileBytes } from '../support/run-plans.ts';

const images = mnistImages();
const repetitions = 15;

/** Milliseconds of evaluations of one image on one thread; the first, which warms up, is left out. */
async function timeEvaluations(plan: Plan, engine: EngineName): Promise<number[]> {
  const client = await Client.create(plan.client);
  const server = await Server.create(plan, { engine, threads: 1 });
  try {
    const session = await server.openSession(client.generateKeys().evaluationKeys);
    const inputs = client.encrypt(images.slice(0, 1));
    const times: number[] = [];
    for (let i = 0; i <= repetitions; i++) {
      const { timings } = await session.evaluate(inputs);
      times.push(timings.evaluate);
    }
    return times.slice(1);
  } finally {
    await server.close();
    client.close();
  }
}

describe.each(engineNames)('on %s', (engine) => {
  let costs: CostTable;
  beforeAll(async () => {
    ({ table: costs } = await measureCosts({ engine }));
  });

  test.each(exampleModels)(
    '$name is evaluated in the time that is estimated, within 20 %',
    async ({ name, maxError }) => {
      const { plan } = compileBytes(modelBytes(name), { samples: images, maxError, engine });
      const estimate = programCost(plan.program, costs);
      // As for the costs: other programs only add to times.
      const measured = Math.min(...(await timeEvaluations(plan, engine)));
      console.log(`${name}: estimated ${estimate.toFixed(0)} ms, measured ${measured.toFixed(0)} ms`);
      expect(Math.abs(estimate / measured - 1)).toBeLessThan(0.2);
    },
  );
});
