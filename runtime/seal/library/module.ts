/** Instances of the SEAL library. Each has its own heap, of at most 4 GiB. */
import initialize, { type MainModule } from 'node-seal';
import { registerHeap } from './heap.ts';

export type Seal = MainModule;

/**
 * A new instance: of `compiled`, so that many workers compile once, or else of the file beside node-seal's script,
 * read or fetched as the environment allows.
 */
export async function instantiateSeal(compiled?: WebAssembly.Module): Promise<Seal> {
  // Without node-seal's own `locateFile`, which looks beside the script even if a bundler has put the file elsewhere.
  const options: Record<string, unknown> = { locateFile: undefined };
  if (compiled === undefined) return initialize(options);
  let created: WebAssembly.Instance | undefined;
  const instantiateWasm = (
    imports: WebAssembly.Imports,
    receive: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
  ): Record<string, never> => {
    // Emscripten's hook has no way to reject; instantiation of a compiled module fails for want of memory only,
    // and then as an unhandled rejection, which ends the worker and is reported by its owner.
    void WebAssembly.instantiate(compiled, imports).then((instance) => {
      created = instance;
      receive(instance, compiled);
    });
    return {};
  };
  const seal = await initialize({ ...options, instantiateWasm });
  if (created !== undefined) registerHeap(seal, created);
  return seal;
}
