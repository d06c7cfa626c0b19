import { mkdirSync, writeFileSync } from 'node:fs';
import { writeNpy } from '../../../runtime/format/npy.ts';
import { type Instance, placesOf } from '../instance.ts';
import { withClient, withFile } from './files.ts';

/** Decrypts the scores of each image. */
export async function decryptScores(instance: Instance): Promise<void> {
  const { outputs, intermediate, scores } = placesOf(instance);
  const rows = await withClient(instance, (client) =>
    withFile(outputs, async (source) => {
      const { runs } = await client.decryptFrom(source, { raw: true });
      const decrypted: Float64Array[] = [];
      for await (const run of runs) for (const sample of run) decrypted.push(...sample.values());
      return decrypted;
    }),
  );
  const classes = rows[0]?.length ?? 0;
  const data = new Float64Array(classes * rows.length);
  for (const [k, row] of rows.entries()) data.set(row, classes * k);
  mkdirSync(intermediate, { recursive: true });
  writeFileSync(scores, writeNpy({ dtype: 'f8', shape: [rows.length, classes], data }));
}
