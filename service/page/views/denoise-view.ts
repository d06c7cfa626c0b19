/** An image with noise, and what an encrypted autoencoder makes of it. */
import type { DemoData } from '../../site/demo-data.ts';
import { byId, paint } from '../parts/elements.ts';
import { side } from '../parts/mnist-image.ts';
import { pixelsOf, sampleButtons } from '../parts/sample-buttons.ts';
import { largestDifference } from '../parts/scores.ts';
import { Asking, type ViewParts } from './asking.ts';

const shown = 10;

export function denoiseView({ digits }: DemoData, parts: ViewParts): { open(): void } {
  const slider = byId('noise', HTMLInputElement);
  const level = byId('noise-level', HTMLOutputElement);
  const [noisy, cleaned, plain] = ['noisy', 'cleaned', 'cleaned-clear'].map((id) => byId(id, HTMLCanvasElement));
  let original: Float64Array = new Float64Array(side * side);
  let noise = original;

  const noisyImage = (): Float64Array =>
    original.map((value, i) => Math.min(1, Math.max(0, value + (slider.valueAsNumber / 100) * (noise[i] ?? 0))));
  const asking = new Asking(parts, () => ({
    values: noisyImage(),
    answered: (mine, reference) => {
      if (cleaned !== undefined) paint(cleaned, mine, side);
      if (plain !== undefined) paint(plain, reference, side);
      parts.say(
        'The image is cleaned; from that of the model in the clear it differs by at most ' +
          `${largestDifference(mine, reference).toPrecision(1)} in any pixel.`,
      );
    },
  }));
  const change = (): void => {
    level.textContent = `${slider.value} %`;
    if (noisy !== undefined) paint(noisy, noisyImage(), side);
    asking.soon();
  };
  const choose = (sample: DemoData['digits'][number]): void => {
    original = pixelsOf(sample);
    noise = Float64Array.from(original, normal);
    change();
  };
  slider.addEventListener('input', change);
  sampleButtons(byId('denoise-samples', HTMLElement), digits.slice(0, shown), choose);
  const blank = new Float64Array(side * side);
  for (const canvas of [noisy, cleaned, plain]) if (canvas !== undefined) paint(canvas, blank, side);
  let opened = false;
  return {
    open: () => {
      const [, , first] = digits;
      if (opened || first === undefined) return;
      opened = true;
      choose(first);
    },
  };
}

/** Of a normal distribution, by Box and Muller. */
function normal(): number {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}
