/** Where the example files that help names are: in a clone, or in the package that is installed. */
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';

/** The command line with the paths of example files as they are from the working directory. */
export function locateExamples(line: string): string {
  return line.replaceAll(/\bexamples\/models\/\S+/g, (path) => {
    const found = folders().find((folder) => existsSync(join(folder, path)));
    if (found === undefined) return path;
    const located = relative(process.cwd(), join(found, path)).replaceAll('\\', '/');
    return /^[\w./:-]+$/.test(located) ? located : `"${located}"`;
  });
}

/** Of the sources, and of the package, where they are compiled into `dist`. */
function folders(): string[] {
  return [join(import.meta.dirname, '..', '..'), join(import.meta.dirname, '..', '..', '..')];
}
