/** scikit-learn's models answer encrypted as the library does; skipped where there is no Python with its libraries. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filledBy } from '../python.ts';
import { type ExportedModel, readModels } from './models.ts';
import { passes } from './report.ts';
import { runModel } from './run.ts';

function trained(): readonly ExportedModel[] | string {
  try {
    return readModels(filledBy(join(import.meta.dirname, 'generate.py')));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const models = trained();
if (typeof models === 'string') {
  test.skip(`no models of scikit-learn without its Python (${models})`, () => undefined);
} else {
  test.each(models)('$name', async (model) => {
    const outcome = await runModel(model);
    expect('failure' in outcome ? outcome.failure : undefined).toBeUndefined();
    expect(outcome).toSatisfy(passes);
  });
}
