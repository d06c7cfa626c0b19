/** Work that is done together with other work, and work that is done while no other is. */
export class Apartness {
  private readonly waiting: { readonly alone: boolean; readonly begin: () => void }[] = [];
  private running = 0;
  private isAlone = false;

  together<T>(work: () => Promise<T>): Promise<T> {
    return this.do(false, work);
  }

  alone<T>(work: () => Promise<T>): Promise<T> {
    return this.do(true, work);
  }

  private async do<T>(alone: boolean, work: () => Promise<T>): Promise<T> {
    await new Promise<void>((begin) => {
      this.waiting.push({ alone, begin });
      this.next();
    });
    try {
      return await work();
    } finally {
      this.running--;
      this.isAlone = false;
      this.next();
    }
  }

  private next(): void {
    for (;;) {
      const [first] = this.waiting;
      if (first === undefined || this.isAlone || (first.alone && this.running > 0)) return;
      this.waiting.shift();
      this.running++;
      this.isAlone = first.alone;
      first.begin();
    }
  }
}
