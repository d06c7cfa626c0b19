/** The picture of losses against costs, as a file of its own. */
import { parseHTML } from 'linkedom';
import { expect, test } from 'vitest';
import { lossCostChart, type LossCostPoint } from '../../../../cli/report/drawing/loss-cost-chart.ts';

const options = { label: 'a "picture" of <all>', costLabel: 'cost', lossLabel: 'loss', lines: 'series' } as const;

function points(series: string, count: number, loss: (k: number) => number): LossCostPoint[] {
  return Array.from({ length: count }, (_, k) => ({ series, cost: 10 + k, loss: loss(k) }));
}

function documentOf(svg: string): Document {
  return parseHTML(`<!doctype html><html><body>${svg}</body></html>`).document;
}

function countOf(svg: string, mark: string, element: string): number {
  return documentOf(svg).querySelectorAll(`g[aria-label="${mark}"] ${element}`).length;
}

test('has a line for each series, a mark for each point, and the names above', async () => {
  const data = [...points('P2', 3, (k) => 10 ** -k), ...points('P4E', 4, (k) => 10 ** (-k - 1))];
  const svg = await lossCostChart(data, options);
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" /);
  expect(countOf(svg, 'line', 'path')).toBe(2);
  // Marks of points, and one of each series beside its name.
  expect(countOf(svg, 'dot', 'path')).toBe(7 + 2);
  expect(documentOf(svg).body.textContent).toMatch(/P2.*P4E/s);
  expect(svg).toContain('prefers-color-scheme:dark');
});

test('is logarithmic where losses are far apart and above zero', async () => {
  const ticks = async (loss: (k: number) => number): Promise<string> =>
    (await lossCostChart(points('a', 5, loss), options)).replaceAll(/<[^>]*>/g, ' ');
  expect(await ticks((k) => 10 ** -k)).toMatch(/0\.001 .*0\.01 .*0\.1 .* 1 |1 .*0\.1 .*0\.01 .*0\.001 /s);
  expect(await ticks((k) => k)).toMatch(/ 2 .* 3 .* 4 | 4 .* 3 .* 2 /s);
});

test('draws the front alone, the chosen mark and losses to compare with', async () => {
  const data = [
    ...points('a', 3, (k) => 3 - k),
    { series: 'a', cost: 11, loss: 0.5, isRejected: true },
    { series: 'b', cost: 12, loss: 1, isChosen: true, title: '<b>' },
  ];
  const svg = await lossCostChart(data, { ...options, lines: 'front', references: [{ name: 'x & y', loss: 2 }] });
  expect(countOf(svg, 'line', 'path')).toBe(1);
  expect(countOf(svg, 'rule', 'line')).toBe(1);
  expect(svg).toContain('x &amp; y');
  expect(svg).toContain('<title>&lt;b&gt;</title>');
});

test('takes no name for markup or a colour', async () => {
  const names = ['</text><script>', 'red', 'url(https://example.org)', 'a"b', '\u0000'];
  const svg = await lossCostChart(
    names.flatMap((name) => points(name, 2, (k) => k + 1)),
    options,
  );
  expect(svg).not.toMatch(/<script|fill="(red|url)|\u0000/);
  expect(svg).toContain('aria-label="a &quot;picture&quot; of &lt;all&gt;"');
});
