/** Colours: where they are asked for, and nowhere else. */
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { spawnCli } from '../support/cli.ts';

const escape = String.fromCharCode(27);

test('help and diagnostics are coloured where FORCE_COLOR asks for it', async () => {
  const env = { FORCE_COLOR: '1' };
  const help = await spawnCli(['help', 'eval'], { env });
  expect(help.stdout).toContain(`${escape}[1mOptions:${escape}[22m\n`);
  expect(help.stdout).toContain(`${escape}[36m-o, --output OUT.ct${escape}[39m`);
  expect(stripVTControlCharacters(help.stdout)).toBe((await spawnCli(['help', 'eval'])).stdout);
  const failed = await spawnCli(['inspect', 'none.hep'], { env });
  expect(failed.stderr).toContain(`${escape}[31merror[H710]${escape}[39m`);
  expect(stripVTControlCharacters(failed.stderr)).toBe((await spawnCli(['inspect', 'none.hep'])).stderr);
});

test('there is none in a pipe, nor where NO_COLOR is set', async () => {
  for (const env of [{}, { NO_COLOR: '1' }]) {
    expect((await spawnCli(['help'], { env })).stdout).not.toContain(escape);
    expect((await spawnCli(['inspect', 'none.hep'], { env })).stderr).not.toContain(escape);
  }
});
