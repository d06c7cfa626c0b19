/** The engines that evaluate ciphertexts, by name. */
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { unknownEngine } from '../../ir/diagnostics/runtime.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import { suggestion } from '../../ir/suggestion.ts';
import type { Engine, EngineOptions } from '../base/engine.ts';
import { type EngineChoice, engineChoices } from '../base/engine-choices.ts';
import { sealWasm } from './seal-wasm/engine.ts';
import { simd } from './simd/session/engine.ts';
import { type OpenedEngine, openWithFallback } from '../base/fallback.ts';

const engines = { simd, 'seal-wasm': sealWasm } as const satisfies Record<string, Engine<Uint8Array>>;

/** Throws `HepcError` for what the engine does not take, and where one is asked for by name that cannot run. */
export async function openEngine(choice: EngineChoice, plan: Plan, options: EngineOptions): Promise<OpenedEngine> {
  if (choice === 'auto') return openWithFallback(simd, sealWasm, plan, options);
  const engine = engineOf(choice);
  const prepared = await engine.open(plan, options);
  return { engine: engine.name, prepared, remarks: prepared.remarks };
}

/** @param name from outside, whatever its type says there */
function engineOf(name: unknown): Engine<Uint8Array> {
  for (const [known, engine] of Object.entries(engines)) if (known === name) return engine;
  const got = String(name);
  throw new HepcError([unknownEngine({ got, suggestion: suggestion(got, engineChoices), known: engineChoices })]);
}
