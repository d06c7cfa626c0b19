/** The engine on slots in the clear: the reference for encrypted results. Has no keys, and runs at once. */
import { evaluateHe } from '../../ir/interpret/he.ts';
import type { Engine, EngineSession, EvaluateOptions, Evaluation, PlanUsage, PreparedPlan } from '../base/engine.ts';
import type { Plan } from '../../ir/plan/plan.ts';

export const clear: Engine<Float64Array, undefined> = {
  name: 'clear',
  open: (plan) => Promise.resolve(new ClearPlan(plan)),
};

/** Holds nothing but the plan, so that closing it or a session has nothing to free. */
class ClearPlan implements PreparedPlan<Float64Array, undefined> {
  readonly remarks = [];
  readonly isClosed = false;
  readonly usage: PlanUsage = { sessions: 0, loadedKeys: 0, keyPlaces: 0, keyLoads: 0 };
  private readonly plan: Plan;

  constructor(plan: Plan) {
    this.plan = plan;
  }

  openSession(): Promise<EngineSession<Float64Array>> {
    return Promise.resolve({
      runsAtOnce: 1,
      evaluate: (inputs, options) => this.evaluate(inputs, options),
      close: () => Promise.resolve(),
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private evaluate(
    inputs: readonly Float64Array[],
    { signal, onProgress }: EvaluateOptions = {},
  ): Promise<Evaluation<Float64Array>> {
    return new Promise((resolve) => {
      signal?.throwIfAborted();
      const { program } = this.plan;
      const start = performance.now();
      const rows = program.columns.op.length;
      const observe = (id: number): void => {
        signal?.throwIfAborted();
        onProgress?.((id + 1) / rows);
      };
      const outputs = evaluateHe(program, inputs, { observe });
      resolve({ outputs, timings: { wait: 0, keys: 0, evaluate: performance.now() - start } });
    });
  }
}
