/** The engines that evaluate ciphertexts, by name. */
import type { Plan } from '../../ir/plan/plan.ts';
import type { Engine, EngineOptions, EvaluationKeys } from '../base/engine.ts';
import { sealWasm } from './seal-wasm/engine.ts';
import { simd } from './simd/session/engine.ts';
import { type PreparedEngine, prepareWithFallback } from '../base/fallback.ts';

const engines = { simd, 'seal-wasm': sealWasm } as const satisfies Record<string, Engine<Uint8Array>>;

/** `auto`: the fastest that runs here. */
export const engineChoices = ['auto', 'simd', 'seal-wasm'] as const satisfies readonly (
  'auto' | keyof typeof engines
)[];
export type EngineChoice = (typeof engineChoices)[number];

/** Throws `HepcError` for what the engine does not take, and where one is asked for by name that cannot run. */
export async function prepareEngine(
  choice: EngineChoice,
  plan: Plan,
  keys: EvaluationKeys,
  options: EngineOptions,
): Promise<PreparedEngine> {
  if (choice === 'auto') return prepareWithFallback(simd, sealWasm, plan, keys, options);
  const engine = engines[choice];
  const session = await engine.prepare(plan, keys, options);
  return { engine: engine.name, session, remarks: session.remarks ?? [] };
}
