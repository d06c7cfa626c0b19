import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { writeNpy } from '../../../runtime/format/npy.ts';
import { type Instance, pixelsPerImage, placesOf } from '../instance.ts';

/** Reads the harness' text of images. Throws where a line is none, and where there are more or fewer than it should be. */
export function preprocessInput(instance: Instance): void {
  const { pixels, intermediate, images } = placesOf(instance);
  const lines = readFileSync(pixels, 'utf8').trimEnd().split('\n');
  const data = new Float32Array(pixelsPerImage * lines.length);
  for (const [line, text] of lines.entries()) {
    const values = text.trim().split(/\s+/).map(Number);
    const bad = values.find((value) => !(value >= 0 && value <= 1));
    if (values.length !== pixelsPerImage || bad !== undefined)
      throw new Error(
        `${pixels}, line ${line + 1}: expected ${pixelsPerImage} numbers in [0, 1], got ` +
          (bad === undefined ? `${values.length} of them` : `${bad}`),
      );
    data.set(values, pixelsPerImage * line);
  }
  mkdirSync(intermediate, { recursive: true });
  writeFileSync(images, writeNpy({ dtype: 'f4', shape: [lines.length, pixelsPerImage], data }));
}
