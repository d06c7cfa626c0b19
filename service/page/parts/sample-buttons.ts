/** Digits to choose from. */
import type { DemoData } from '../../site/demo-data.ts';
import { create, paint } from './elements.ts';
import { side } from './mnist-image.ts';

type Sample = DemoData['digits'][number];

export function pixelsOf({ pixels }: Sample): Float64Array {
  return Float64Array.from(pixels, (value) => value / 255);
}

/** A button for each; the one that was chosen last is pressed. */
export function sampleButtons(group: HTMLElement, samples: readonly Sample[], choose: (sample: Sample) => void): void {
  const buttons = samples.map((sample) => {
    const canvas = create('canvas');
    paint(canvas, pixelsOf(sample), side);
    const button = create('button', { className: 'sample' }, canvas);
    button.type = 'button';
    button.setAttribute('aria-label', `A ${sample.label} of the samples`);
    button.addEventListener('click', () => {
      choose(sample);
    });
    return button;
  });
  group.append(...buttons);
}
