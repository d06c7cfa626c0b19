/** SEAL for the thread that runs this. */
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { sealUnsupported } from '../../../ir/diagnostics/runtime.ts';
import { compileSeal } from './compile-wasm.ts';
import { describeError } from './exceptions.ts';
import { instantiateSeal, type Seal } from './module.ts';
import { refuseByPolicy } from './policy.ts';

/**
 * A new instance; code is compiled once. Throws `HepcError` where the environment is too old to run it (H645), or a policy
 * forbids it (H647).
 */
export async function startSeal(): Promise<Seal> {
  try {
    return await instantiateSeal(await compileSeal());
  } catch (error) {
    // Where node-seal compiles, its script has the error in its text.
    const reason = describeError(error);
    refuseByPolicy(reason);
    if (error instanceof WebAssembly.CompileError || reason.includes('CompileError'))
      throw new HepcError([sealUnsupported({ reason })]);
    throw error;
  }
}
