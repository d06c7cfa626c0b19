/** Scores as bars, with those of the model in the clear beside them. */
import { create } from './elements.ts';

export class Scores {
  private readonly rows: readonly {
    readonly row: HTMLTableRowElement;
    readonly bar: HTMLElement;
    readonly encrypted: HTMLElement;
    readonly clear: HTMLElement;
  }[];

  /** Fills the body of a table. */
  constructor(body: HTMLTableSectionElement, names: readonly string[]) {
    this.rows = names.map((name) => {
      const bar = create('div', { className: 'bar' });
      const encrypted = create('td', { className: 'number', text: '–' });
      const clear = create('td', { className: 'number clear', text: '–' });
      const head = create('th', { text: name });
      head.scope = 'row';
      const barCell = create('td', { className: 'bar-cell' }, bar);
      barCell.setAttribute('aria-hidden', 'true');
      const row = create('tr', {}, head, barCell, encrypted, clear);
      body.append(row);
      return { row, bar, encrypted, clear };
    });
  }

  show(encrypted: ArrayLike<number>, clear: ArrayLike<number>): void {
    const all = Array.from(encrypted);
    const [least, most] = [Math.min(0, ...all), Math.max(...all)];
    this.rows.forEach((each, k) => {
      const score = all[k] ?? 0;
      each.bar.style.setProperty('--share', String((score - least) / (most - least || 1)));
      each.encrypted.textContent = formatScore(score);
      each.clear.textContent = formatScore(clear[k] ?? NaN);
      each.row.classList.toggle('best', score === most);
    });
  }

  clear(): void {
    for (const { row, bar, encrypted, clear } of this.rows) {
      bar.style.setProperty('--share', '0');
      encrypted.textContent = clear.textContent = '–';
      row.classList.remove('best');
    }
  }
}

function formatScore(score: number): string {
  return score.toFixed(3).replace('-', '−');
}

/** The largest difference between two answers. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? NaN))), 0);
}

export function indexOfMost(values: ArrayLike<number>): number {
  return Array.from(values).reduce((best, value, i) => (value > (values[best] ?? -Infinity) ? i : best), 0);
}
