#!/usr/bin/env node
/**
 * `hepc`. Results go to the standard output, diagnostics and progress to the standard error. Exit codes: 0 done, 1 the
 * user's mistake, 2 a command line that does not fit, 70 a bug of ours, 130 interrupted.
 */
import { unwritableOutput } from '../ir/diagnostics/cli.ts';
import { HepcError } from '../ir/diagnostics/diagnostic.ts';
import { commands } from './commands/registry.ts';
import { failureOf } from './shell/failure.ts';
import { describeSystemError } from './files/input-file.ts';
import { runCommandLine } from './shell/program.ts';
import { version } from './shell/version.ts';

/** A reader that has seen enough (`hepc inspect … | head`) is no failure. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE')
    fail(new HepcError([unwritableOutput({ reason: describeSystemError(error) }, { file: 'the standard output' })]));
  process.exit();
});

function fail(error: unknown): void {
  const { exitCode, text } = failureOf(error, process.env['HEPC_DEBUG'] === '1');
  process.stderr.write(text);
  process.exitCode = exitCode;
}

process.on('uncaughtException', (error) => {
  fail(error);
  process.exit();
});

try {
  await runCommandLine(process.argv.slice(2), {
    commands,
    version,
    context: {
      print: (text) => process.stdout.write(text),
      remark: (text) => process.stderr.write(`${text}\n`),
    },
  });
} catch (error) {
  fail(error);
}
