/** Whose turn it is: some requests of one plan at once, so that its workers never wait, and never two plans at once. */
export class PlanTurns {
  private readonly most: number;
  private readonly waiting: { readonly plan: string; readonly begin: () => void }[] = [];
  private current: string | undefined;
  private running = 0;

  /** @param most requests of a plan at once */
  constructor(most: number) {
    this.most = most;
  }

  /** Resolves when it is the turn of a request for `plan`, in the order of the calls, with what ends it. */
  take(plan: string): Promise<() => void> {
    return new Promise((resolve) => {
      const begin = (): void => {
        resolve(() => {
          this.running--;
          this.next();
        });
      };
      this.waiting.push({ plan, begin });
      this.next();
    });
  }

  private next(): void {
    for (;;) {
      const [first] = this.waiting;
      if (first === undefined || this.running === this.most) return;
      if (this.running > 0 && this.current !== first.plan) return;
      this.waiting.shift();
      this.current = first.plan;
      this.running++;
      first.begin();
    }
  }
}
