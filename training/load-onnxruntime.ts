/**
 * onnxruntime-web, an optional peer of the package: loaded when something first needs it. The only file that imports it.
 *
 * In Node its package loads the WebAssembly build from its own folder; one thread, so that sums are always added in
 * the same order.
 */
import { HepcError } from '../ir/diagnostics/diagnostic.ts';
import { onnxruntimeMissing } from '../ir/diagnostics/import.ts';

export type { InferenceSession, Tensor } from 'onnxruntime-web';
export type Onnxruntime = typeof import('onnxruntime-web');

/** Installs the version that hepc is tested with. */
export const installCommand = 'npm install onnxruntime-web@1.30.0';

let loaded: Promise<Onnxruntime> | undefined;

/** Throws `HepcError` (H117) where it is not installed. */
export function loadOnnxruntime(): Promise<Onnxruntime> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<Onnxruntime> {
  let onnxruntime: Onnxruntime;
  try {
    onnxruntime = await import('onnxruntime-web');
  } catch (error) {
    loaded = undefined;
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
    throw isMissing ? new HepcError([onnxruntimeMissing({ command: installCommand })]) : error;
  }
  const { env } = onnxruntime;
  env.wasm.numThreads = 1;
  env.logLevel = 'fatal';
  return onnxruntime;
}
