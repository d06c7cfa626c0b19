/**
 * How many requests of one key may share a run: each encrypts its samples at places of its own and zeros at all others, and
 * what is evaluated is the sum of their ciphertexts. Two things stand against it.
 *
 * Noise. The sum of k fresh encryptions has k times the variance of one (`noise.ts`: N/12 + Nσ²/2, by the square of the
 * scale), at every slot, whoever's it is. All else in a run adds what it adds anyway. With a share s of fresh encryption in
 * the variance of the output, the deviation grows by √(1 + (k − 1)s), which is √k at most. So for k up to
 * (maxError / predictedMaxError)² the plan's bound holds whatever s is: from 10⁻⁸ behind products and rescales to 0.98 in a
 * single linear layer at the least scale.
 *
 * Zeros at places that nobody takes. What becomes of a zero may be far from what becomes of samples, and a coefficient of a
 * ciphertext, which is an average over all slots, may outgrow the modulus by it: then every answer of the run is wrong. A
 * coefficient is at most as large as the largest slot times the scale. In a run that holds nothing but zeros, slots may take an
 * eighth of the modulus here: twice what those of calibration samples may (`headroomBits`), and what leaves room for both
 * where values of neighbouring places add up before they are masked.
 */
import type { ClientPart, Plan } from '../plan/plan.ts';
import { evaluateHe } from './he.ts';

/** More would save little: each is uploaded, checked and summed by itself. */
const mostRequests = 16;

/** log2 of the modulus over the largest coefficient. */
const roomBits = 3;

/** By the noise alone; 1 or more. */
export function noiseLimit({
  maxError,
  predictedMaxError,
}: Pick<ClientPart, 'maxError' | 'predictedMaxError'>): number {
  return Math.max(1, Math.min(mostRequests, Math.floor((maxError / predictedMaxError) ** 2)));
}

/** By noise, zeros and places; 1 or more. Computes a run in the clear. Weights that are encrypted are not known: 1. */
export function requestsPerRun(plan: Plan): number {
  const { client, weights } = plan;
  const most = Math.min(noiseLimit(client), client.batch);
  // The client allows round trips for each file that it has encrypted.
  const isShared = most > 1 && weights === 'plain' && client.refreshes === undefined;
  return isShared && bearsZeros(plan) ? most : 1;
}

function bearsZeros({ client, program }: Plan): boolean {
  const { columns, parameters, slots } = program;
  let bits = 0;
  const modulusBits = parameters.primes.map((prime) => (bits += Math.log2(prime)));
  const sent = client.inputs.flatMap(({ used }) => used.filter((isUsed) => isUsed));
  const zeros = new Float64Array(slots);
  let bears = true;
  evaluateHe(
    program,
    sent.map(() => zeros),
    {
      observe: (id, values) => {
        let largest = 0;
        for (const value of values) largest = Math.max(largest, Math.abs(value));
        const limit = (modulusBits[columns.level[id] ?? 0] ?? 0) - roomBits;
        if (!(Math.log2(largest) + Math.log2(columns.scale[id] ?? 1) <= limit)) bears = false;
      },
    },
  );
  return bears;
}
