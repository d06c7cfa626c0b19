/**
 * A stage of the benchmark as a program, named as in the harness:
 *
 *   node stages/main.ts STAGE [SIZE]
 *
 * runs in the harness' folder. A stage loads what it needs alone, for starting counts.
 */
import { type Instance, instanceOf } from '../instance.ts';

type Run = (instance: Instance) => Promise<void> | void;

const stages: Readonly<Record<string, () => Promise<Run>>> = {
  client_key_generation: async () => (await import('./key-generation.ts')).generateKeys,
  client_preprocess_input: async () => (await import('./preprocess-input.ts')).preprocessInput,
  client_encode_encrypt_input: async () => (await import('./encrypt-input.ts')).encryptInput,
  server_encrypted_compute: async () => (await import('./encrypted-compute.ts')).compute,
  client_decrypt_decode: async () => (await import('./decrypt-scores.ts')).decryptScores,
  client_postprocess: async () => (await import('./postprocess.ts')).postprocess,
};

/** The harness gives it no size. */
const preprocessModel = 'server_preprocess_model';

const [stage = '', size] = process.argv.slice(2);
try {
  if (stage === preprocessModel) {
    const { preprocessModels } = await import('./preprocess-model.ts');
    preprocessModels();
  } else {
    const load = stages[stage];
    if (load === undefined) {
      const known = [...Object.keys(stages), preprocessModel].join(', ');
      throw new Error(`there is no stage ${JSON.stringify(stage)}; known are ${known}`);
    }
    await (
      await load()
    )(instanceOf(size));
  }
} catch (error) {
  process.stderr.write(`${stage}: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
