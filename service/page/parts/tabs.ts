/** Tabs as the ARIA practices have them: arrow keys move between them, the panel that is chosen alone is there. */
import { byId } from './elements.ts';

export class Tabs<Name extends string> {
  private readonly names: readonly Name[];
  private readonly onOpen: (name: Name) => void;

  /** Of elements with the ids `tab-NAME` and `panel-NAME`. */
  constructor(names: readonly Name[], onOpen: (name: Name) => void) {
    this.names = names;
    this.onOpen = onOpen;
    names.forEach((name, k) => {
      const tab = this.tab(name);
      tab.addEventListener('click', () => {
        this.open(name);
      });
      tab.addEventListener('keydown', ({ key }) => {
        const step = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0;
        const next = names[(k + step + names.length) % names.length];
        if (step === 0 || next === undefined) return;
        this.open(next);
        this.tab(next).focus();
      });
    });
  }

  private open(chosen: Name): void {
    for (const name of this.names) {
      const isChosen = name === chosen;
      const tab = this.tab(name);
      tab.setAttribute('aria-selected', String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
      byId(`panel-${name}`, HTMLElement).hidden = !isChosen;
    }
    this.onOpen(chosen);
  }

  private tab(name: Name): HTMLButtonElement {
    return byId(`tab-${name}`, HTMLButtonElement);
  }
}
