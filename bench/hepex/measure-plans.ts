/** Evaluation times of two plans in one run, turn by turn, so that whatever else the machine does meets both. */
import { median } from '../../ir/maths/averages.ts';
import type { EngineName } from '../../ir/plan/plan.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import { Client } from '../../runtime/client.ts';
import { Server } from '../../runtime/server.ts';
import type { ServerSession } from '../../runtime/server-session.ts';
import type { Sample } from '../../ir/interface.ts';

export interface MeasuredPlans {
  /** Medians, in milliseconds, of the plans in order. */
  readonly milliseconds: readonly number[];
  /** Largest over smallest, of each. */
  readonly spread: readonly number[];
  /** Answers of the first run of each, by sample. */
  readonly answers: readonly (readonly Float64Array[])[];
}

/** Room for all plaintexts, so that the larger plan does not pay for encoding them again. */
const memoryBudgetBytes = 16 * 2 ** 30;

/** On one thread, `rounds` times each. */
export async function measurePlans(
  plans: readonly Plan[],
  samples: readonly Sample[],
  { engine, rounds }: { readonly engine: EngineName; readonly rounds: number },
): Promise<MeasuredPlans> {
  const runs = plans.map((): number[] => []);
  const answers: Float64Array[][] = [];
  const open: { server: Server; session: ServerSession; client: Client; inputs: Uint8Array }[] = [];
  try {
    for (const plan of plans) {
      const client = await Client.create(plan.client);
      const { evaluationKeys } = client.generateKeys();
      const server = await Server.create(plan, { engine, threads: 1, memoryBudgetBytes });
      const session = await server.openSession(evaluationKeys);
      open.push({ server, session, client, inputs: client.encrypt(samples.slice(0, plan.client.batch)) });
    }
    for (let round = 0; round < rounds; round++) {
      for (const [k, { session, client, inputs }] of open.entries()) {
        const { outputs, timings } = await session.evaluate(inputs);
        runs[k]?.push(timings.evaluate);
        if (round === 0)
          answers.push(
            client.decrypt(outputs, { raw: true }).map((sample) => [...sample.values()][0] ?? new Float64Array()),
          );
      }
    }
  } finally {
    for (const { server, client } of open) {
      await server.close();
      client.close();
    }
  }
  return {
    milliseconds: runs.map(median),
    spread: runs.map((times) => Math.max(...times) / Math.min(...times)),
    answers,
  };
}
