/**
 * The standard output and the standard error, whose other ends may be full, closed or gone. Neither ends a command: its
 * work goes on, files are written, and the exit code is its own. A result that the standard output does not take is a
 * failure, unless its reader has just seen enough (`hepc inspect … | head`).
 */
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { unwritableOutput } from '../../ir/diagnostics/cli.ts';
import { colourDiagnostics, colourHelp } from './colours.ts';
import { describeSystemError } from '../files/system-errors.ts';

export interface StandardStreams {
  readonly print: (text: string) => void;
  readonly remark: (text: string) => void;
  readonly showHelp: (text: string) => void;
}

/** Takes care of the streams of this process. `fail` is called at most once, where a result could not be printed. */
export function guardStandardStreams(fail: (error: HepcError) => void): StandardStreams {
  let outputIsGone = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (outputIsGone) return;
    outputIsGone = true;
    if (error.code === 'EPIPE') return;
    fail(new HepcError([unwritableOutput({ reason: describeSystemError(error) }, { file: 'the standard output' })]));
  });
  // There is nowhere left to say so.
  process.stderr.on('error', () => undefined);
  const print = (text: string): void => {
    if (!outputIsGone) process.stdout.write(text);
  };
  return {
    print,
    showHelp: (text) => {
      print(colourHelp(text, process.stdout));
    },
    remark: (text) => {
      process.stderr.write(`${colourDiagnostics(text, process.stderr)}\n`);
    },
  };
}
