/**
 * Draws what the demonstration prints, after compiling, as the picture of the README.
 *
 *   node scripts/draw-demo.ts [docs/demo.svg]
 *
 * The times in it are those of the machine that it runs on, so it is made by hand and not by `npm run docs`.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const root = join(import.meta.dirname, '..');
const [file = join(root, 'docs', 'demo.svg')] = process.argv.slice(2);

const fontSize = 13;
const lineHeight = 18;
/** Of a monospaced character of `fontSize`. */
const characterWidth = 7.8;
const margin = 18;
const bar = 30;

const printed = stripVTControlCharacters(
  execFileSync(process.execPath, [...process.execArgv, join(root, 'examples', 'demo.ts')], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }),
);
/** What compiling says is left out. */
const afterCompiling = printed.slice(printed.indexOf('2. '));
const lines = ['$ npm run demo', '…', '', ...afterCompiling.trimEnd().split('\n')];
writeFileSync(file, draw(lines));

function draw(lines: readonly string[]): string {
  const width = Math.ceil(Math.max(...lines.map(({ length }) => length)) * characterWidth + 2 * margin);
  const height = lines.length * lineHeight + bar + margin;
  const rows = lines.map((line, row) => {
    const y = bar + (row + 1) * lineHeight;
    return `<text x="${margin}" y="${y}" class="${classOf(line)}">${escaped(line)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="What npm run demo prints">
<style>
text { font: ${fontSize}px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: #d7dde5; white-space: pre; }
.heading { font-weight: bold; fill: #7fc8ff; }
.prompt, .answer { font-weight: bold; fill: #9be28a; }
</style>
<rect width="${width}" height="${height}" rx="8" fill="#1c2330"/>
<circle cx="18" cy="16" r="5" fill="#e0645c"/><circle cx="36" cy="16" r="5" fill="#e0b64f"/><circle cx="54" cy="16" r="5" fill="#6fbf60"/>
${rows.join('\n')}
</svg>
`;
}

function classOf(line: string): string {
  if (line.startsWith('$ ')) return 'prompt';
  if (/^\d\. /.test(line)) return 'heading';
  return /^ *answer /.test(line) ? 'answer' : 'text';
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
