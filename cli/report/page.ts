/**
 * The report of a plan as one page: no scripts, nothing from elsewhere, so it can be opened from a disk, sent by mail
 * and served under any content policy that allows styles by hash. Its own policy allows that one style and nothing
 * else, so that even markup that got past `html.ts` could not run or load anything.
 */
import { createHash } from 'node:crypto';
import type { Plan } from '../../ir/plan/plan.ts';
import type { RunTrace } from '../../ir/plan/run-trace.ts';
import { compareSection, type NamedPlan } from './sections/compare-section.ts';
import { measuredSection } from './sections/measured-section.ts';
import { accuracySection } from './sections/accuracy-section.ts';
import { curvesSection } from './sections/curves-section.ts';
import { levelsSection } from './sections/levels-section.ts';
import { trafficSection } from './sections/traffic-section.ts';
import { factsSection, headline } from './sections/facts-section.ts';
import { html, Html, shorten } from './drawing/html.ts';
import { layersOf } from '../../ir/he/layers.ts';
import { networkOf } from './figures/network.ts';
import { networkSection } from './sections/network-section.ts';
import { operationsSection } from './sections/operations-section.ts';
import { loadPlotting } from './drawing/plotting.ts';
import { pruningSection } from './sections/pruning-section.ts';
import { searchSection } from './sections/search-section.ts';
import { style } from './style.ts';
import { tally } from './figures/tally.ts';
import { tilesSection } from './sections/tiles-section.ts';
import { timelineSection } from './sections/timeline-section.ts';

// Not part of the template: the policy gives the hash of what stands between the tags, to the last space.
const styleElement = new Html(`<style>${style}</style>`);
const styleHash = createHash('sha256').update(style).digest('base64');
const contentPolicy = new Html(
  `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'`,
);

export interface ReportOptions {
  /** Name and version of the program that writes. */
  readonly madeBy: string;
  /** Of a run of the plan. */
  readonly trace?: RunTrace;
  /** Another plan to compare with, and what both are called. */
  readonly compare?: { readonly name: string; readonly other: NamedPlan };
}

/** Same plan and options, same page. */
export async function renderReport(plan: Plan, { madeBy, trace, compare }: ReportOptions): Promise<string> {
  const plotting = await loadPlotting();
  const { accuracy, client } = plan;
  const layers = layersOf(plan.program);
  const tallies = tally(plan, layers.names.length, (row) => layers.ofRow[row] ?? 0);
  const all: readonly (readonly [id: string, title: string, section: Html | undefined])[] = [
    ['plan', 'Plan', factsSection(plan)],
    ['compare', 'Compared', compare && compareSection(plotting, { name: compare.name, plan }, compare.other)],
    ['measured', 'Measured', trace && measuredSection(plotting, plan, trace, layers, tallies)],
    ['error', 'Error', accuracy && accuracySection(plotting, accuracy, client)],
    ['activations', 'Activations', accuracy && curvesSection(plotting, accuracy)],
    ['network', 'Network', networkSection(networkOf(plan, layers))],
    ['pruning', 'Pruning', plan.pruning && pruningSection(plotting, plan.pruning)],
    ['tiles', 'Weight tiles', tilesSection(plotting, plan, layers)],
    ['operations', 'Operations', operationsSection(plotting, plan, layers.names, tallies)],
    ['timeline', 'Schedule', timelineSection(plotting, plan, layers)],
    ['levels', 'Levels', levelsSection(plotting, plan, layers)],
    ['traffic', 'Traffic', trafficSection(plotting, plan)],
    ['search', 'Search', plan.search && searchSection(plotting, plan.search, client.maxError)],
  ];
  const sections = all.filter(([, , section]) => section !== undefined);
  const name = shorten(plan.client.name, 200) || 'unnamed';
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${contentPolicy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${name} - hepc plan</title>
        ${styleElement}
      </head>
      <body>
        <header>
          <h1>${name}</h1>
          <nav>${sections.map(([id, title]) => html`<a href="#${id}">${title}</a> `)}</nav>
          ${headline(plan)}
        </header>
        <main>${sections.map(([, , section]) => section)}</main>
        <footer>
          <p>
            Made by ${madeBy} from a
            plan${trace === undefined ? ' alone. Times are those of the cost model, not measured.' : ' and a run of it. Times are those of the cost model where they are not said to be measured.'}
          </p>
        </footer>
      </body>
    </html> `.text;
}
