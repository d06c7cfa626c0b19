/**
 * Observable Plot without a browser: static SVG by a document of linkedom. Both are loaded when the first picture is
 * drawn, since nothing else needs them. SVG comes without style elements and attributes, which the content policy of a
 * page would refuse; `style.ts` says how its classes look.
 */
import type * as Plot from '@observablehq/plot';
import { escapeHtml } from './html.ts';

export type PlotOptions = Omit<Plot.PlotOptions, 'document' | 'className' | 'style' | 'ariaLabel'>;
export type Mark = Plot.Markish;

export interface Plotting {
  readonly plot: typeof Plot;
  /** The picture as an SVG element; `label` says what it shows to whoever does not see it. */
  readonly draw: (label: string, options: PlotOptions) => string;
}

let loaded: Promise<Plotting> | undefined;

export function loadPlotting(): Promise<Plotting> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<Plotting> {
  const [plot, { parseHTML }] = await Promise.all([import('@observablehq/plot'), import('linkedom')]);
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  return {
    plot,
    draw: (label, options) => {
      const figure = plot.plot({ ...options, document, className: 'chart' });
      for (const style of figure.querySelectorAll('style')) style.remove();
      for (const name of ['fill', 'font-family', 'font-size']) figure.removeAttribute(name);
      // Serialised HTML escapes nothing but quotes in attributes, which is not enough for SVG files.
      return figure.outerHTML.replace('<svg ', () => `<svg role="img" aria-label="${escapeHtml(label)}" `);
    },
  };
}
