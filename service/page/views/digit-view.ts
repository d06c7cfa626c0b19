/** A drawn digit, and the scores that the encrypted model gives it. */
import type { DemoData } from '../../site/demo-data.ts';
import { Drawing } from '../parts/drawing.ts';
import { byId, paint } from '../parts/elements.ts';
import { side } from '../parts/mnist-image.ts';
import { pixelsOf, sampleButtons } from '../parts/sample-buttons.ts';
import { indexOfMost, largestDifference, Scores } from '../parts/scores.ts';
import { Asking, type ViewParts } from './asking.ts';

const digits = 10;

export function digitView({ digits: samples }: DemoData, parts: ViewParts): void {
  const answer = byId('digit-answer', HTMLElement);
  const seen = byId('seen', HTMLCanvasElement);
  const scores = new Scores(
    byId('scores', HTMLTableSectionElement),
    Array.from({ length: digits }, (_, k) => String(k)),
  );
  const asking = new Asking(parts, () => {
    const values = drawing.image();
    if (values === undefined) return undefined;
    paint(seen, values, side);
    return {
      values,
      answered: (mine, plain) => {
        scores.show(mine, plain);
        const [digit, plainDigit] = [indexOfMost(mine), indexOfMost(plain)];
        answer.textContent = String(digit);
        answer.dataset['clear'] = String(plainDigit);
        const clearly =
          digit === plainDigit ? 'and so does the model in the clear' : `in the clear it is ${plainDigit}`;
        const difference = largestDifference(mine, plain).toPrecision(1);
        parts.say(`The encrypted model says ${digit}, ${clearly}: scores differ by at most ${difference}.`);
      },
    };
  });
  const forget = (): void => {
    scores.clear();
    answer.textContent = '?';
    delete answer.dataset['clear'];
  };
  const drawing = new Drawing(byId('field', HTMLCanvasElement), byId('pen', HTMLElement), {
    onInk: forget,
    onChange: () => {
      forget();
      asking.soon();
    },
    announce: parts.say,
  });
  byId('clear', HTMLButtonElement).addEventListener('click', () => {
    drawing.clear();
    paint(seen, new Float64Array(side * side), side);
  });
  paint(seen, new Float64Array(side * side), side);
  sampleButtons(byId('digit-samples', HTMLElement), samples.slice(0, digits), (sample) => {
    drawing.show(pixelsOf(sample));
  });
}
