/** Clients of a plan with keys of their own, and requests that are encrypted before anything is measured. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256Hex } from '../../ir/digest.ts';
import { largestAbsolute, median } from '../../ir/maths/averages.ts';
import type { Sample } from '../../ir/interface.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import { Client } from '../../runtime/client.ts';

export interface BenchClient {
  readonly keysFile: string;
  readonly secretKey: Uint8Array;
  /** SHA-256 of the evaluation keys. */
  readonly digest: string;
  readonly requests: readonly {
    readonly file: string;
    /** Which of the samples it holds. */
    readonly sample: number;
  }[];
}

/** Makes `count` clients with `each` requests of one sample, in files of `folder`. */
export async function makeClients(
  plan: Plan,
  samples: readonly Sample[],
  { count, each, folder }: { readonly count: number; readonly each: number; readonly folder: string },
): Promise<BenchClient[]> {
  const client = await Client.create(plan.client);
  try {
    return Array.from({ length: count }, (_, c) => {
      const { secretKey, evaluationKeys } = client.generateKeys();
      const keysFile = join(folder, `${c}.keys`);
      writeFileSync(keysFile, evaluationKeys);
      const requests = Array.from({ length: each }, (_, r) => {
        const sample = (c * each + r) % samples.length;
        const file = join(folder, `${c}-${r}.ct`);
        writeFileSync(file, client.encrypt([samples[sample] ?? new Map<string, Float64Array>()]));
        return { file, sample };
      });
      return { keysFile, secretKey, digest: sha256Hex(evaluationKeys), requests };
    });
  } finally {
    client.close();
  }
}

/** How many answers are within the error that the plan promises of what is expected, and how many have its label. */
export async function checkAnswers(
  plan: Plan,
  clients: readonly BenchClient[],
  answers: ReadonlyMap<string, Uint8Array>,
  expected: readonly Float64Array[],
): Promise<{ readonly right: number; readonly wrong: number; readonly missing: number }> {
  const client = await Client.create(plan.client);
  const scale = medianLargest(expected);
  let [right, wrong, missing] = [0, 0, 0];
  try {
    for (const { secretKey, requests } of clients) {
      client.loadKeys(secretKey);
      for (const { file, sample } of requests) {
        const outputs = answers.get(file);
        if (outputs === undefined) {
          missing++;
          continue;
        }
        const [got] = client.decrypt(outputs, { raw: true });
        const values = [...(got?.values() ?? [])][0] ?? new Float64Array();
        const wanted = expected[sample] ?? new Float64Array();
        const error = Math.max(...wanted.map((value, k) => Math.abs(value - (values[k] ?? Infinity))));
        if (error <= plan.client.maxError * scale) right++;
        else wrong++;
      }
    }
  } finally {
    client.close();
  }
  return { right, wrong, missing };
}

/** The median over samples of the largest output, by which errors are told. */
function medianLargest(outputs: readonly Float64Array[]): number {
  return median(outputs.map(largestAbsolute));
}

export function bytesOf(file: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(file));
}
