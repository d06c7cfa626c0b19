import { readFileSync, writeFileSync } from 'node:fs';
import { readNpy } from '../../../runtime/format/npy.ts';
import { type Instance, placesOf } from '../instance.ts';

/** The label of each image: the class of its largest score. */
export function postprocess(instance: Instance): void {
  const places = placesOf(instance);
  const { shape, data } = readNpy(readFileSync(places.scores), { file: places.scores });
  const [count = 0, classes = 0] = shape;
  const labels = Array.from({ length: count }, (_, k) => {
    const own = Array.from(data.slice(classes * k, classes * (k + 1)), Number);
    return own.indexOf(Math.max(...own));
  });
  writeFileSync(places.labels, labels.map((label) => `${label}\n`).join(''));
}
