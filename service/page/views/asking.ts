/** What the three views have in common: an answer at a time. */
import { debounced } from '../parts/elements.ts';
import type { Asked } from '../session/protocol.ts';

/** Milliseconds between the last change and the question. */
const quietMs = 400;

export interface ViewParts {
  readonly ask: (values: Float64Array) => Promise<Asked>;
  /** Says what happens, also to who does not see it. */
  readonly say: (text: string) => void;
  readonly show: (asked: Asked) => void;
  readonly fail: (error: unknown) => void;
}

export interface Question {
  readonly values: Float64Array;
  /** Called with what was decrypted, and with what the model answers in the clear. */
  readonly answered: (decrypted: Float64Array, clear: Float64Array) => void;
}

/** Asks some time after the last change; a question that is overtaken is dropped. */
export class Asking {
  /** After a change. */
  readonly soon: () => void;
  private readonly parts: ViewParts;
  private readonly question: () => Question | undefined;
  private latest = 0;

  /** @param question what is to be asked then; undefined where there is nothing to ask */
  constructor(parts: ViewParts, question: () => Question | undefined) {
    this.parts = parts;
    this.question = question;
    const soon = debounced(quietMs, () => void this.ask());
    this.soon = () => {
      // What is under way is about what was there before.
      this.latest++;
      soon();
    };
  }

  private async ask(): Promise<void> {
    const number = ++this.latest;
    const question = this.question();
    if (question === undefined) return;
    try {
      const asked = await this.parts.ask(question.values);
      if (number !== this.latest) return;
      question.answered(asked.decrypted, asked.clear);
      this.parts.show(asked);
    } catch (error) {
      if (number === this.latest) this.parts.fail(error);
    }
  }
}
