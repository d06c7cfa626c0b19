/** The report as a page: complete, self-contained, and safe whatever the names in the plan are. */
import { createHash } from 'node:crypto';
import { parseHTML } from 'linkedom';
import { describe, expect, test } from 'vitest';
import { formatMilliseconds } from '../../../../cli/render/units.ts';
import { evaluationMilliseconds } from '../../../../costs/plan-statistics.ts';
import { renderReport } from '../../../../cli/report/page.ts';
import type { Plan } from '../../../../ir/plan/plan.ts';
import { readHep } from '../../../../runtime/hep/read.ts';
import { writeHep } from '../../../../runtime/hep/write.ts';
import { bootstrappedNetwork } from '../../../support/bootstraps.ts';
import { stagedPlan } from '../../../support/staged-plan.ts';
import { planOf } from '../../runtime/engines/seal-wasm/programs.ts';
import { boundPlan } from '../../runtime/hep/plans.ts';
import { activatedPlan, compiledPlan, madeUpLayer, madeUpReport, madeUpTrace } from './pruned-plan.ts';

const madeBy = 'hepc test';

async function pageOf(plan: Plan) {
  const text = await renderReport(plan, { madeBy });
  const { document } = parseHTML(text);
  return { text, document, sections: Array.from(document.querySelectorAll('main section'), ({ id }) => id) };
}

const compiled = compiledPlan();

/** Names that would be markup, or more, if they were not escaped. */
const hostile = '"></code></text></style><script>alert(1)</script><img src=x onerror=alert(1)>\'&\u202e\u0000';

describe('sections', () => {
  test('without pruning', async () => {
    const { sections, document } = await pageOf(compiled);
    expect(sections).toEqual([
      'plan',
      'error',
      'network',
      'tiles',
      'operations',
      'timeline',
      'levels',
      'traffic',
      'search',
    ]);
    expect(Array.from(document.querySelectorAll('nav a'), (a) => a.getAttribute('href'))).toEqual(
      sections.map((id) => `#${id}`),
    );
    for (const figure of document.querySelectorAll('figure')) expect(figure.querySelector('svg')).not.toBeNull();
  });

  test('error, apart by kind, and each activation with its curve', async () => {
    const plan = activatedPlan();
    const { document, sections } = await pageOf(plan);
    expect(sections).toContain('activations');
    const text = document.querySelector('#error')?.textContent ?? '';
    expect(text).toMatch(/Predicted: [\d.]+% of 10% allowed\..*Approximation alone: [\d.]+% typically/s);
    expect(text).toMatch(/Noise alone: \S+ typically, simulated on \d samples/);
    const rows = Array.from(document.querySelectorAll('#error tbody tr'), (row) => row.textContent);
    for (const name of ['relu', 'silu']) expect(rows.some((row) => row.includes(name))).toBe(true);
    const figures = Array.from(document.querySelectorAll('#activations figure'));
    expect(figures).toHaveLength(2);
    for (const figure of figures) {
      expect(figure.querySelector('figcaption')?.textContent).toMatch(
        /as a polynomial of degree \d+ on .* samples reach .* headroom [\d.]+% below and [\d.]+% above\./,
      );
      // The shape and the error, for screens and for phones.
      expect(figure.querySelectorAll('svg[role=img]')).toHaveLength(4);
    }
  });

  test('measured times beside modelled ones, and another plan', async () => {
    const compare = { name: 'a.hep', other: { name: 'b.hep', plan: compiledPlan('encrypted') } };
    const text = await renderReport(compiled, { madeBy, trace: madeUpTrace(compiled), compare });
    const { document } = parseHTML(text);
    const rows = (id: string) =>
      Array.from(document.querySelectorAll(`#${id} tbody tr`), (row) =>
        Array.from(row.querySelectorAll('td'), ({ textContent }) => textContent.trim()),
      );
    const modelled = evaluationMilliseconds(compiled);
    expect(rows('measured')).toContainEqual([
      'evaluation',
      formatMilliseconds(modelled),
      '70 ms',
      (70 / modelled).toFixed(2),
    ]);
    expect(document.querySelectorAll('#measured figure')).toHaveLength(1);
    const [own, other] = [compiled, compare.other.plan].map(({ statistics }) => statistics.multiplyCipher);
    const products = rows('compare').find(([what]) => what === 'products of ciphertexts');
    expect(products?.slice(1, 3)).toEqual([String(own), String(other)]);
    expect(text).not.toContain('not measured.');
  });

  test('of a plan without a report of its accuracy', async () => {
    expect((await pageOf(readHep(writeHep(boundPlan()), 'b.hep'))).sections).not.toContain('error');
  });

  test('every cell of a table says what it is, where there is no head', async () => {
    const { document } = await pageOf(compiled);
    for (const table of document.querySelectorAll('table')) {
      const heads = Array.from(table.querySelectorAll('th'), ({ textContent }) => textContent.trim());
      for (const row of table.querySelectorAll('tbody tr'))
        expect(Array.from(row.querySelectorAll('td'), (cell) => cell.getAttribute('data-name'))).toEqual(heads);
    }
  });

  test('what an input may hold', async () => {
    const { document } = await pageOf(compiled);
    const [input] = compiled.client.inputs;
    expect(document.querySelector('#plan')?.textContent).toContain(
      `values up to ±${Number(input?.maxAbs.toPrecision(3))}`,
    );
  });

  test.each([
    ['the client', stagedPlan(), 2, 'the client brings 3 ciphertexts back to higher levels in 2 round trips'],
    [
      'bootstraps',
      planOf(bootstrappedNetwork()),
      3,
      'bootstraps bring 3 ciphertexts back to higher levels, which takes',
    ],
  ])('refreshes by %s are lines in the levels over time', async (_, plan, lines, text) => {
    const { document } = await pageOf(plan);
    const [wide, narrow] = document.querySelectorAll('#timeline svg[aria-label="Level over time"]');
    for (const picture of [wide, narrow])
      expect(
        picture?.querySelectorAll(
          '[aria-label=rule] [stroke="var(--family-0)"], [aria-label=rule][stroke="var(--family-0)"] line',
        ),
      ).toHaveLength(lines);
    expect(document.querySelector('#timeline figcaption')?.textContent).toContain(text);
  });

  test('without refreshes levels over time have no lines', async () => {
    const { document } = await pageOf(compiled);
    expect(document.querySelectorAll('#timeline svg[aria-label="Level over time"]')).toHaveLength(2);
    expect(document.querySelector('#timeline [stroke="var(--family-0)"]')).toBeNull();
    expect(document.querySelector('#timeline figcaption')?.textContent).not.toContain('Where lines are drawn');
  });

  test('with pruning: heat maps before and after, and the front', async () => {
    const { sections, document } = await pageOf({ ...compiled, pruning: madeUpReport() });
    expect(sections).toContain('pruning');
    const captions = Array.from(document.querySelectorAll('#tiles figcaption'), (each) => each.textContent);
    const grids = madeUpReport().layers;
    for (const [k, { before, after }] of grids.entries()) {
      expect(captions[2 * k]).toContain(`Before: ${before.filter((step) => step > 0).length} tiles`);
      expect(captions[2 * k + 1]).toContain(`After: ${after.filter((step) => step > 0).length} tiles`);
    }
    const figures = Array.from(document.querySelectorAll('#tiles figure'));
    const pruned = figures.filter((figure) => figure.querySelector('path.gone') !== null);
    expect(pruned.length).toBe(grids.length);
    expect(document.querySelector('#pruning svg[role=img]')).not.toBeNull();
    expect(document.querySelector('#pruning table')?.textContent).toContain('weight tiles');
  });

  test('pruned without a search', async () => {
    const { document } = await pageOf({ ...compiled, pruning: madeUpReport({ points: [] }) });
    expect(document.querySelector('#pruning svg')).toBeNull();
  });

  test('of a bound plan, which has neither dumps nor magnitudes', async () => {
    const { document, sections } = await pageOf({ ...boundPlan(), dumps: new Map() });
    expect(sections).not.toContain('search');
    expect(document.querySelector('#tiles')?.textContent).toContain('The weights are encrypted in this plan');
  });

  test.each([
    ['no dumps', new Map<string, string>()],
    ['a dump that is none', new Map([['tile', 'hepc.ir 1 tile "x"\n%0 = what is this']])],
    ['a dump that refers to what is not there', new Map([['tile', 'hepc.ir 1 tile "x"\n%0 = add %7, %8 : [4/4]']])],
  ])('%s: the network is that of the program', async (_, dumps) => {
    const { document } = await pageOf({ ...compiled, dumps });
    const cards = Array.from(document.querySelectorAll('.card strong'), ({ textContent }) => textContent);
    expect(cards).toEqual(['inputs', 'dense0 (Gemm)', 'square1 (Mul)', 'dense2 (Gemm)', 'outputs']);
  });

  test('a dump of the tensor level alone has shapes', async () => {
    const cards = (await pageOf(compiled)).document.querySelectorAll('.card');
    expect(Array.from(cards, ({ textContent }) => textContent).join()).toContain('[16]');
  });
});

describe('self-contained and safe', () => {
  test('the style has the hash of its policy, and nothing else is styled, run or loaded', async () => {
    const { text, document } = await pageOf({ ...compiled, pruning: madeUpReport() });
    const [style, ...others] = Array.from(document.querySelectorAll('style'));
    expect(others).toHaveLength(0);
    const hash = createHash('sha256')
      .update(/<style>([^]*?)<\/style>/.exec(text)?.[1] ?? '')
      .digest('base64');
    expect(style).toBeDefined();
    expect(document.querySelector('meta[http-equiv]')?.getAttribute('content')).toContain(`style-src 'sha256-${hash}'`);
    expect(document.querySelectorAll('script, img, link, iframe, [style], [src], [onclick]')).toHaveLength(0);
    expect(text.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|url\(|@import/);
  });

  test('names are text', async () => {
    const origins = compiled.program.origins.map((nodes) =>
      nodes.map((node) => ({ ...node, name: node.name + hostile })),
    );
    const report = madeUpReport();
    const rename = <T extends { readonly name: string }>(each: T): T => ({ ...each, name: hostile });
    const { text, document } = await pageOf({
      ...compiled,
      client: {
        ...compiled.client,
        name: hostile,
        inputs: compiled.client.inputs.map(rename),
        outputs: compiled.client.outputs.map(rename),
      },
      program: { ...compiled.program, origins },
      dumps: new Map([
        ['tensor', `hepc.ir 1 tensor "x"\n%0 = input {name: ${JSON.stringify(hostile)}, shape: [2]} : [2]\n`],
      ]),
      ...(compiled.search && { search: { ...compiled.search, layers: compiled.search.layers.map(rename) } }),
      pruning: {
        ...report,
        policy: hostile,
        layers: report.layers.map(rename),
        points: report.points.map((point) => ({ ...point, policy: hostile })),
      },
    });
    expect(document.querySelectorAll('script, img')).toHaveLength(0);
    expect(text).not.toMatch(/<script|<img|\u202e|\u0000/);
    expect(document.querySelector('h1')?.textContent).toContain('<script>alert(1)</script>');
  });

  test('the same plan gives the same page, of a bounded size', async () => {
    const layers = Array.from({ length: 6 }, (_, k) => madeUpLayer(106, 128, k + 1));
    const plan = { ...compiled, pruning: madeUpReport({ layers }) };
    const { text, document } = await pageOf(plan);
    const small = { ...compiled, pruning: madeUpReport() };
    expect(await renderReport(small, { madeBy })).toBe((await pageOf(small)).text);
    expect(text.length).toBeLessThan(3e6);
    expect(document.querySelector('#tiles')?.textContent).not.toContain('is the mean of');
    const large = await pageOf({ ...compiled, pruning: madeUpReport({ layers: [madeUpLayer(1000, 1000)] }) });
    expect(large.text.length).toBeLessThan(1e6);
    expect(large.document.querySelector('#tiles')?.textContent).toMatch(
      /a cell of the picture is the mean of \d+ × \d+ tiles/,
    );
  });
});
