/** The engines that evaluate ciphertexts, by name. */
import type { Engine } from '../engine.ts';
import { sealWasm } from './seal-wasm/engine.ts';

export const engines = { 'seal-wasm': sealWasm } as const satisfies Record<string, Engine<Uint8Array>>;

export type EngineName = keyof typeof engines;
