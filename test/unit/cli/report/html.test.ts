/** HTML as values: what is put into a template stays text. */
import fc from 'fast-check';
import { parseHTML } from 'linkedom';
import { expect, test } from 'vitest';
import { html, printable, shorten } from '../../../../cli/report/drawing/html.ts';

test('any text is read back as it was, in elements and attributes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const { document } = parseHTML(
        `<!doctype html><html><body>${html`<p title="${text}">${text}</p>`.text}</body></html>`,
      );
      const paragraph = document.querySelector('p');
      expect(document.body.children).toHaveLength(1);
      expect(paragraph?.children).toHaveLength(0);
      expect(paragraph?.textContent).toBe(printable(text));
      expect(paragraph?.getAttribute('title')).toBe(printable(text));
    }),
  );
});

test('templates nest, and lists of them stand one after another', () => {
  const items = ['<a>', 'b'].map((item) => html`<li>${item}</li>`);
  expect(html`<p>${items}${undefined}</p>`.text).toBe('<p><li>&lt;a&gt;</li><li>b</li></p>');
});

test('what would turn the order of text or break a file is replaced', () => {
  expect(printable('a\u202eb\u0000c\ud800d\u2066')).toBe('a\ufffdb\ufffdc\ufffdd\ufffd');
  expect(printable('ü 漢 🔒')).toBe('ü 漢 🔒');
});

test('names are cut by characters', () => {
  expect(shorten('🔒🔒🔒🔒', 4)).toBe('🔒🔒🔒🔒');
  expect(shorten('🔒🔒🔒🔒🔒', 4)).toBe('🔒🔒🔒…');
});
