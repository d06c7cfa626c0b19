/** Plans that are held in one budget of memory: opened when they are asked for, the least recently used closed where it is short. */
import { checkMemory, engineBudget, planMemory, type PlanMemory, processBytes, shareOf } from './plan-memory.ts';
import { HeldPlan, PlanFile } from './held-plan.ts';
import type { EvaluatorSettings } from './protocol.ts';

/** How long a plan counts as asked for after it was. */
const rememberedMilliseconds = 10 * 60_000;

interface Wanted {
  readonly memory: PlanMemory;
  lastAt: number;
}

export class PlanShelf {
  private readonly settings: EvaluatorSettings;
  /** The one that was used least recently first. */
  private readonly held = new Map<string, HeldPlan>();
  private readonly opening = new Map<string, Promise<HeldPlan>>();
  /** What has been asked for of late, and shares the budget. */
  private readonly wanted = new Map<string, Wanted>();

  constructor(settings: EvaluatorSettings) {
    this.settings = settings;
  }

  get plans(): readonly HeldPlan[] {
    return [...this.held.values()];
  }

  find(digest: string): HeldPlan | undefined {
    return this.held.get(digest);
  }

  /**
   * The plan, prepared once for all who ask meanwhile. To be called while nobody uses another one: these make room. Rejects
   * with `HepcError` for a plan that is refused or does not fit the budget (H813).
   */
  async take(digest: string, path: string): Promise<HeldPlan> {
    const plan = this.held.get(digest) ?? (await this.openOnce(digest, path));
    this.held.delete(digest);
    this.held.set(digest, plan);
    const wanted = this.wanted.get(digest);
    if (wanted !== undefined) wanted.lastAt = performance.now();
    return plan;
  }

  /** Leaves at most `count` sessions open, of all plans, those of `current` first. */
  async keepSessions(count: number, current: HeldPlan): Promise<void> {
    let left = count;
    for (const plan of [current, ...this.plans.toReversed().filter((other) => other !== current)]) {
      await plan.keepSessions(left);
      left -= plan.openSessions;
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.plans.map((plan) => this.drop(plan)));
  }

  private openOnce(digest: string, path: string): Promise<HeldPlan> {
    const known = this.opening.get(digest);
    if (known !== undefined) return known;
    const opened = this.open(digest, path).finally(() => this.opening.delete(digest));
    this.opening.set(digest, opened);
    return opened;
  }

  private async open(digest: string, path: string): Promise<HeldPlan> {
    const { memoryBytes, threads } = this.settings;
    const file = await PlanFile.open(path);
    try {
      checkMemory(file.plan, this.settings);
      const memory = planMemory(file.plan, threads);
      const now = performance.now();
      for (const [other, { lastAt }] of this.wanted)
        if (now - lastAt > rememberedMilliseconds && !this.held.has(other)) this.wanted.delete(other);
      this.wanted.delete(digest);
      const others = [...this.wanted.values()].map((each) => each.memory);
      this.wanted.set(digest, { memory, lastAt: now });
      const share = shareOf(memory, others, memoryBytes);
      await this.makeRoom(share);
      return await HeldPlan.open(digest, file, share, engineBudget(memory, share), threads);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  private async makeRoom(bytes: number): Promise<void> {
    for (const plan of this.plans) {
      const used = this.plans.reduce((sum, { share }) => sum + share, 0);
      if (processBytes + used + bytes <= this.settings.memoryBytes) return;
      await this.drop(plan);
    }
  }

  private async drop(plan: HeldPlan): Promise<void> {
    this.held.delete(plan.digest);
    await plan.close();
  }
}
