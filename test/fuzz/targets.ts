/** The readers that the fuzzer drives. They are loaded in groups, because what some of them need takes seconds to make. */
import type { Target } from './target.ts';

/** Names of readers and their parts of a run, for a number of inputs of the whole. */
export interface TargetGroup {
  readonly names: Readonly<Record<string, number>>;
  readonly load: () => Promise<readonly Target[]>;
}

export const targetGroups: readonly TargetGroup[] = [
  {
    names: { plan: 25, 'client-part': 15, client: 0.1 },
    load: async () => (await import('./targets/plans.ts')).planTargets,
  },
  { names: { model: 25, compile: 0.3 }, load: async () => (await import('./targets/models.ts')).modelTargets },
  {
    names: { ir: 15, policy: 5, orders: 5, costs: 3 },
    load: async () => (await import('./targets/texts.ts')).textTargets,
  },
  { names: { samples: 25 }, load: async () => (await import('./targets/samples.ts')).sampleTargets },
  {
    names: {
      ...{ 'secret-key': 2, 'public-key': 3, 'evaluation-keys': 1, inputs: 3, outputs: 1 },
      ...{ 'own-secret-key': 3, 'own-evaluation-keys': 3 },
    },
    load: async () => (await import('./targets/keys.ts')).keyTargets,
  },
  {
    names: { 'refresh-request': 1, 'refresh-answer': 2, 'paused-evaluation': 2 },
    load: async () => (await import('./targets/refreshes.ts')).refreshTargets,
  },
];

/** Throws where there is no reader of this name. */
export async function loadTarget(name: string, groups: readonly TargetGroup[] = targetGroups): Promise<Target> {
  const group = groups.find(({ names }) => Object.hasOwn(names, name));
  const target = (await group?.load())?.find((each) => each.name === name);
  if (target === undefined) throw new Error(`there is no reader ${name}: ${namesOf(groups).join(', ')}`);
  return target;
}

export function namesOf(groups: readonly TargetGroup[]): string[] {
  return groups.flatMap(({ names }) => Object.keys(names));
}

/** How many of `inputs` each reader gets, at least one. */
export function sharesOf(inputs: number, groups: readonly TargetGroup[] = targetGroups): Map<string, number> {
  const shares = groups.flatMap(({ names }) => Object.entries(names));
  const whole = shares.reduce((sum, [, share]) => sum + share, 0);
  return new Map(shares.map(([name, share]) => [name, Math.max(1, Math.ceil((inputs * share) / whole))]));
}
