/** Readers with faults, for the tests of the fuzzer itself: inputs that begin with a zero show them. */
import type { Draw } from './mutate/draw.ts';
import { Fault } from './target.ts';
import type { Target } from './target.ts';
import type { TargetGroup } from './targets.ts';

/** One input in so many. */
export const faultyEvery = 64;

function faulty(name: string, fail: () => void): Target {
  return {
    name,
    mutate: (draw: Draw) => Uint8Array.of(draw.below(faultyEvery)),
    run: ([first]) => {
      if (first === 0) fail();
    },
  };
}

const targets: readonly Target[] = [
  faulty('throws', () => {
    throw new TypeError('not a diagnostic');
  }),
  faulty('accepts', () => {
    throw new Fault('what it read is something else');
  }),
  faulty('hangs', () => {
    for (;;);
  }),
  faulty('exits', () => process.abort()),
  faulty('grows', () => {
    // Touching a byte of each page is enough for the system to count it.
    const bytes = new Uint8Array(300 * 2 ** 20);
    for (let at = 0; at < bytes.length; at += 4096) bytes[at] = 1;
    held.push(bytes);
  }),
];
const held: Uint8Array[] = [];

export const targetGroups: readonly TargetGroup[] = [
  {
    names: Object.fromEntries(targets.map(({ name }) => [name, 1])),
    load: () => Promise.resolve(targets),
  },
];
