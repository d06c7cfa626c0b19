import { existsSync } from 'node:fs';
import { instances, plansOf } from '../instance.ts';

/**
 * Checks that a plan is there, of whichever size: the harness does not say which. Compiling is part of the build, for it
 * depends on the network and on no client; weights are encoded in `server_encrypted_compute`, at a gigabyte a second,
 * which is faster than reading them encoded.
 */
export function preprocessModels(): void {
  const plans = instances.map((instance) => plansOf(instance).server);
  if (!plans.some((plan) => existsSync(plan))) throw new Error(`there is none of ${plans.join(', ')}: run build.ts`);
}
