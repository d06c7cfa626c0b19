/** A patient's measurements, and how the encrypted model judges them. */
import type { DemoData } from '../../site/demo-data.ts';
import { byId, create } from '../parts/elements.ts';
import { Scores } from '../parts/scores.ts';
import { Asking, type ViewParts } from './asking.ts';

const groups = ['mean', 'error', 'worst'] as const;
const perGroup = 10;

export function patientView({ patients, features }: DemoData, parts: ViewParts): { open(): void } {
  const picker = byId('patient', HTMLSelectElement);
  const answer = byId('patient-answer', HTMLElement);
  const truth = byId('patient-truth', HTMLElement);
  const scores = new Scores(byId('patient-scores', HTMLTableSectionElement), ['malignant', 'benign']);
  const fields = features.map((feature) => {
    const field = create('input');
    field.type = 'number';
    field.step = 'any';
    field.required = true;
    field.setAttribute('aria-label', feature);
    return field;
  });
  fillTable(byId('measurements', HTMLTableSectionElement), features, fields);
  patients.forEach((_, i) => {
    picker.append(create('option', { text: String(i + 1) }));
  });

  const asking = new Asking(parts, () => {
    if (fields.some((field) => !field.checkValidity())) {
      parts.say('A measurement is no number: nothing is asked.');
      return undefined;
    }
    return {
      values: Float64Array.from(fields, (field) => field.valueAsNumber),
      answered: (mine, plain) => {
        scores.show(mine, plain);
        const [probability = NaN, plainly = NaN] = [mine[1], plain[1]];
        const word = probability > 0.5 ? 'benign' : 'malignant';
        answer.textContent = word;
        answer.dataset['clear'] = plainly > 0.5 ? 'benign' : 'malignant';
        parts.say(`The encrypted model says ${word}, with a probability of ${percent(Math.max(...mine))}.`);
      },
    };
  });
  const forget = (): void => {
    scores.clear();
    answer.textContent = '?';
    delete answer.dataset['clear'];
  };
  const choose = (): void => {
    const patient = patients[picker.selectedIndex];
    fields.forEach((field, i) => (field.value = String(patient?.values[i] ?? '')));
    truth.textContent = patient?.isBenign === true ? 'benign' : 'malignant';
    forget();
    asking.soon();
  };
  picker.addEventListener('change', choose);
  for (const field of fields)
    field.addEventListener('input', () => {
      truth.textContent = 'not known: the measurements are edited';
      forget();
      asking.soon();
    });
  let opened = false;
  return {
    open: () => {
      if (opened) return;
      opened = true;
      choose();
    },
  };
}

/** A row for each measurement, in columns by how it was taken of the cells. */
function fillTable(
  body: HTMLTableSectionElement,
  features: readonly string[],
  fields: readonly HTMLInputElement[],
): void {
  for (let k = 0; k < perGroup; k++) {
    const head = create('th', { text: (features[k] ?? '').replace(/^mean /, '') });
    head.scope = 'row';
    const cells = groups.flatMap((_, group) => {
      const field = fields[group * perGroup + k];
      return field === undefined ? [] : [create('td', {}, field)];
    });
    body.append(create('tr', {}, head, ...cells));
  }
}

function percent(part: number): string {
  return `${(100 * part).toFixed(1)} %`;
}
