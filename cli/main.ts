/**
 * `hepc`. Results go to the standard output, diagnostics and progress to the standard error. Exit codes: 0 done, 1 the
 * user's mistake, 2 a command line that does not fit, 70 a bug of ours, 130 interrupted.
 */
import { commands } from './commands/registry.ts';
import { colourDiagnostics } from './shell/colours.ts';
import { failureOf } from './shell/failure.ts';
import { runCommandLine } from './parsing/program.ts';
import { guardStandardStreams } from './shell/standard-streams.ts';
import { version } from './shell/version.ts';

// Where files may not grow any further, writing fails with a diagnostic, and not with the end of the process.
process.on('SIGXFSZ', () => undefined);

const context = guardStandardStreams(fail);

function fail(error: unknown): void {
  const { exitCode, text } = failureOf(error, process.env['HEPC_DEBUG'] === '1');
  process.stderr.write(colourDiagnostics(text, process.stderr));
  process.exitCode = exitCode;
}

process.on('uncaughtException', (error) => {
  fail(error);
  process.exit();
});

try {
  await runCommandLine(process.argv.slice(2), { commands, version, context });
} catch (error) {
  fail(error);
}
