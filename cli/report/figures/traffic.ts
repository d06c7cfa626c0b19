/** What travels between client and server, and what a request takes with the way there and back. */
import { clientProfile, clientTimes } from '../../../costs/client-costs.ts';
import { evaluationMilliseconds } from '../../../costs/plan-statistics.ts';
import { downloadBytes, uploadBytes } from '../../../costs/program-cost.ts';
import { evaluationKeyBytes } from '../../../ir/ckks/switching-keys.ts';
import type { Plan } from '../../../ir/plan/plan.ts';

/** Mbit/s. */
export const bandwidths = [10, 100] as const;

export interface Traffic {
  /** Once for each client: the evaluation keys as they are saved. */
  readonly keyBytes: number;
  /** Of each run. */
  readonly uploadBytes: number;
  readonly downloadBytes: number;
}

export function trafficOf({ client, program }: Pick<Plan, 'client' | 'program'>): Traffic {
  return {
    keyBytes: evaluationKeyBytes(client).saved,
    uploadBytes: uploadBytes(program),
    downloadBytes: downloadBytes(program),
  };
}

/** Milliseconds for so many bytes. */
export function transferMilliseconds(bytes: number, mbit: number): number {
  return (8 * bytes) / (1000 * mbit);
}

export const requestParts = ['encryption', 'upload', 'evaluation', 'download', 'decryption'] as const;

/** Milliseconds of the parts of a run, by the cost model on one thread. */
export function requestTimes(plan: Plan, mbit: number): Readonly<Record<(typeof requestParts)[number], number>> {
  const traffic = trafficOf(plan);
  const { encryption, decryption } = clientTimes(plan.program, clientProfile);
  return {
    encryption,
    upload: transferMilliseconds(traffic.uploadBytes, mbit),
    evaluation: evaluationMilliseconds(plan),
    download: transferMilliseconds(traffic.downloadBytes, mbit),
    decryption,
  };
}
