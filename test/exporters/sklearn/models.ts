/** The models of scikit-learn as `generate.py` writes them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { listSamples, loadSamples } from '../../../runtime/samples.ts';

const label = z.union([z.number(), z.string()]);

const answers = z.object({
  maxError: z.number().positive(),
  outputs: z
    .array(
      z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('labels'), values: z.array(label) }),
        z.object({ kind: z.literal('values'), rows: z.array(z.array(z.number())) }),
      ]),
    )
    .min(1),
});

/** What the library says of the held-out samples: the first outputs of the model, in its order. */
export type LibraryAnswers = z.infer<typeof answers>;
export type LibraryOutput = LibraryAnswers['outputs'][number];

type ModelInputs = Parameters<typeof loadSamples>[2];
export type SampleList = ReturnType<typeof listSamples>;

export interface ExportedModel {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly answers: LibraryAnswers;
  /** Samples that it was trained on, and others. */
  readonly samples: (which: 'calibration' | 'held-out', inputs: ModelInputs) => SampleList;
}

export function readModels(folder: string): readonly ExportedModel[] {
  return readdirSync(folder)
    .toSorted()
    .map((name) => ({
      name,
      bytes: readFileSync(join(folder, name, 'model.onnx')),
      answers: answers.parse(JSON.parse(readFileSync(join(folder, name, 'answers.json'), 'utf8'))),
      samples: (which, inputs) =>
        listSamples(loadSamples(readFileSync(join(folder, name, `${which}.npz`)), `${which}.npz`, inputs)),
    }));
}
