/** Compiles models for tests, and runs plans on samples: in the clear with simulated noise, and encrypted. */
import { compileGraph } from '../../compiler/compile.ts';
import type { Compilation } from '../../compiler/network-plans.ts';
import type { CompileOptions } from '../../compiler/settings.ts';
import { type ImportedModel, importOnnx } from '../../compiler/onnx/import.ts';
import { evaluateHe } from '../../ir/interpret/he.ts';
import { NoiseModel } from '../../ir/interpret/noise.ts';
import { PlaintextSlots } from '../../ir/interpret/plaintext-slots.ts';
import { type Plan, sentCiphertexts } from '../../ir/plan/plan.ts';
import { Client } from '../../runtime/client.ts';
import { packInput, unpackOutput } from '../../runtime/base/codec.ts';
import { ReferenceModel } from '../../training/onnxruntime.ts';
import type { Sample } from '../../ir/interface.ts';
import { bindWeights } from '../../runtime/cipher/bind-weights.ts';
import { Server, type ServerOptions } from '../../runtime/server.ts';

export function importModel(bytes: Uint8Array): ImportedModel {
  return importOnnx({ bytes, fileName: 'model.onnx', readExternal: () => undefined });
}

export function compileBytes(bytes: Uint8Array, options: CompileOptions): Compilation {
  return compileGraph(importModel(bytes), options);
}

export async function reference(bytes: Uint8Array, samples: readonly Sample[]): Promise<Sample[]> {
  const model = await ReferenceModel.load(bytes);
  try {
    return await model.runBatch(samples);
  } finally {
    await model.close();
  }
}

/** Runs as the client and an engine would, on slots in the clear with the noise of encryption. */
export function simulate(plan: Plan, samples: readonly Sample[], seed: number): Sample[] {
  const { program } = plan;
  const noise = new NoiseModel(program.parameters, seed);
  const plaintexts = new PlaintextSlots(program, noise);
  return runOnSlots(plan, samples, (inputs) => evaluateHe(program, inputs, { noise, plaintexts }));
}

/** As `simulate`, without noise. */
export function runInTheClear(plan: Plan, samples: readonly Sample[]): Sample[] {
  return runOnSlots(plan, samples, (inputs) => evaluateHe(plan.program, inputs));
}

function runOnSlots(
  { client }: Plan,
  samples: readonly Sample[],
  evaluate: (inputs: readonly Float64Array[]) => readonly Float64Array[],
): Sample[] {
  const results: Sample[] = [];
  for (let from = 0; from < samples.length; from += client.batch) {
    const batch = samples.slice(from, from + client.batch);
    const inputs = client.inputs.flatMap((encoding) =>
      packInput(
        encoding,
        batch.map((sample) => sample.get(encoding.name) ?? new Float64Array()),
      ),
    );
    const ciphertexts = evaluate(inputs);
    const named = batch.map(() => new Map<string, Float64Array>());
    for (const encoding of client.outputs) {
      const { firstCiphertext } = encoding;
      const own = ciphertexts.slice(firstCiphertext, firstCiphertext + sentCiphertexts(encoding));
      unpackOutput(encoding, own, batch.length).forEach((values, k) => named[k]?.set(encoding.name, values));
    }
    results.push(...named);
  }
  return results;
}

/** Keys, encryption, evaluation and decryption; weights are bound where the plan wants that. */
export async function runEncrypted(plan: Plan, samples: readonly Sample[], threads = 1): Promise<Sample[]> {
  const [results = []] = await runOnServers(plan, samples, [{ threads }]);
  return results;
}

/** Calls `use` with the plan, bound to `publicKey` if its weights are encrypted. */
export type Bind = <T>(plan: Plan, publicKey: Uint8Array, use: (plan: Plan) => Promise<T>) => Promise<T>;

const bindInMemory: Bind = async (plan, publicKey, use) =>
  use(plan.weights === 'plain' ? plan : { ...plan, bound: await bindWeights(plan, publicKey) });

/** As `runEncrypted`, on one server after another with the same keys and ciphertexts. */
export async function runOnServers(
  plan: Plan,
  samples: readonly Sample[],
  servers: readonly ServerOptions[],
  bind: Bind = bindInMemory,
): Promise<Sample[][]> {
  const client = await Client.create(plan.client);
  try {
    const keys = client.generateKeys();
    const inputs = client.encrypt(samples);
    return await bind(plan, keys.publicKey, async (ready) => {
      const results: Sample[][] = [];
      for (const options of servers) {
        const server = await Server.create(ready, options);
        try {
          const session = await server.openSession(keys.evaluationKeys);
          results.push(client.decrypt((await session.evaluate(inputs)).outputs, { raw: true }));
        } finally {
          await server.close();
        }
      }
      return results;
    });
  } finally {
    client.close();
  }
}

/** The largest error as a fraction of `unit`: the median over samples of the largest absolute output. */
export function relativeError(got: readonly Sample[], expected: readonly Sample[], unit?: number): number {
  let worst = 0;
  const largest: number[] = [];
  for (const [k, outputs] of expected.entries()) {
    let most = 0;
    for (const [name, values] of outputs) {
      const own = got[k]?.get(name);
      values.forEach((value, i) => {
        worst = Math.max(worst, Math.abs(value - (own?.[i] ?? Infinity)));
        most = Math.max(most, Math.abs(value));
      });
    }
    largest.push(most);
  }
  largest.sort((a, b) => a - b);
  const middle = largest.length / 2;
  return worst / (unit ?? ((largest[Math.ceil(middle) - 1] ?? 0) + (largest[Math.floor(middle)] ?? 0)) / 2);
}

/** The share of samples whose largest output is the same. */
export function argmaxAgreement(got: readonly Sample[], expected: readonly Sample[]): number {
  const winner = (outputs: Sample | undefined): number => {
    const [values = new Float64Array()] = outputs?.values() ?? [];
    return values.indexOf(values.reduce((most, value) => Math.max(most, value), -Infinity));
  };
  const agreeing = expected.filter((outputs, k) => winner(outputs) === winner(got[k]));
  return agreeing.length / expected.length;
}
