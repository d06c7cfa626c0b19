/** The engine on slots in the clear: the reference for encrypted results. Has no keys, and runs at once. */
import { evaluateHe } from '../../ir/interpret/he.ts';
import type { Engine, EvaluateOptions, Evaluation, Session } from '../base/engine.ts';
import type { Plan } from '../../ir/plan/plan.ts';

export const clear: Engine<Float64Array, undefined> = {
  name: 'clear',
  prepare: ({ program }: Plan): Promise<Session<Float64Array>> =>
    Promise.resolve({
      evaluate: (inputs: readonly Float64Array[], { signal, onProgress }: EvaluateOptions = {}) =>
        new Promise<Evaluation<Float64Array>>((resolve) => {
          signal?.throwIfAborted();
          const start = performance.now();
          const rows = program.columns.op.length;
          const observe = (id: number): void => {
            signal?.throwIfAborted();
            onProgress?.((id + 1) / rows);
          };
          const outputs = evaluateHe(program, inputs, { observe });
          resolve({ outputs, milliseconds: performance.now() - start });
        }),
      close: () => Promise.resolve(),
    }),
};
