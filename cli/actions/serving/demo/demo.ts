/** What `hepc serve --demo` serves: three plans, and a page that asks them. */
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import { npzLimits, openNpz } from '../../../../runtime/format/npz.ts';
import { readNpy } from '../../../../runtime/format/npy.ts';
import { readTextNpy } from '../../../../runtime/format/text-array.ts';
import { loadSamples } from '../../../../runtime/samples.ts';
import type { DemoData } from '../../../../service/site/demo-data.ts';
import { readSite, type Site } from '../../../../service/site/site.ts';
import { fileKinds, readInputFile } from '../../../files/input-file.ts';
import { isSource, ownModels, ownPage, ownRoot } from '../../../files/own-files.ts';
import type { Progress } from '../../../shell/progress.ts';
import { demoModel, demoSources } from './demo-models.ts';

export interface Demo {
  readonly plans: readonly string[];
  readonly site: Site;
}

/**
 * Compiles, where that was not done before, into a folder of the store.
 *
 * @param page folder of the page, as vite has made it
 */
export async function openDemo(
  { store, page }: { readonly store: string; readonly page: string },
  progress: Progress,
): Promise<Demo> {
  const folder = join(store, 'demo');
  const digit = await demoModel('digit', folder, progress);
  const denoise = await demoModel('denoise', folder, progress);
  const patient = await demoModel('patient', folder, progress);
  const all = [digit, denoise, patient];
  const data: DemoData = {
    ...(await examples()),
    models: { digit: digit.data, denoise: denoise.data, patient: patient.data },
  };
  const files = new Map([
    ['demo/demo.json', Buffer.from(JSON.stringify(data))],
    ...all.map(({ data: { id }, weights }) => [`demo/${id}.weights`, Buffer.from(weights.buffer)] as const),
  ]);
  return { plans: all.map(({ plan }) => plan), site: await readSite(page, files) };
}

const digits = 10;

/** A digit of each kind, and all patients. */
async function examples(): Promise<Pick<DemoData, 'digits' | 'features' | 'patients'>> {
  const [, imageFile] = demoSources.digit;
  const [, patientFile] = demoSources.patient;
  const read = (file: string): Promise<Uint8Array> => readInputFile(join(ownModels, file), fileKinds.samples);
  const images = loadSamples(await read(imageFile), imageFile, [
    { name: 'input', shape: [1, 28, 28], hasBatchAxis: true },
  ]);
  const pixels = images.inputs.get('input') ?? [];
  const bytes = await read(patientFile);
  const at = { file: patientFile };
  const arrays = openNpz(bytes, npzLimits, at);
  const table = loadSamples(bytes, patientFile, [{ name: 'X', shape: [30], hasBatchAxis: true }]).inputs.get('X') ?? [];
  const { data: labels } = readNpy(arrays.get('label') ?? new Uint8Array(), at);
  return {
    digits: Array.from({ length: digits }, (_, label) => {
      const image = pixels[images.labels?.indexOf(label) ?? -1] ?? new Float64Array();
      return { label, pixels: Array.from(image, (value) => Math.round(255 * value)) };
    }),
    features: [...readTextNpy(arrays.get('feature_names') ?? new Uint8Array(), at).data],
    patients: table.map((values, i) => ({
      isBenign: Number(labels[i]) === 1,
      // Doubles that were 32-bit floats have digits that nobody has measured.
      values: Array.from(values, (value) => Number(value.toPrecision(6))),
    })),
  };
}

/**
 * The folder of the page. In the sources it is built where it is missing, or older than what it is made from.
 */
export function demoPage(progress: Progress): string {
  if (!isSource || isNewer(join(ownPage, 'index.html'), join(ownRoot, 'service', 'page'))) return ownPage;
  progress.step('building the page');
  const { status } = spawnSync(process.execPath, [join(ownRoot, 'scripts', 'build-page.ts')], { stdio: 'inherit' });
  if (status !== 0) throw new InternalError('the demo page could not be built');
  return ownPage;
}

/** Whether a file is there, and newer than all in a folder. */
function isNewer(file: string, folder: string): boolean {
  const made = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return readdirSync(folder, { recursive: true, withFileTypes: true }).every(
    ({ parentPath, name }) => statSync(join(parentPath, name)).mtimeMs < made,
  );
}
