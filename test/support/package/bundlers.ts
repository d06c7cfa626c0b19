/** Bundlers as projects use them, with no more than an entry and a folder said to them. */
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build as buildWithEsbuild } from 'esbuild';
import { build as buildWithVite } from 'vite';
import webpack from 'webpack';

/**
 * Bundles the script `entry` of a project into `page.js` of a folder. Rejects where the bundler fails; gives what it warns
 * of.
 */
export type Bundler = (project: string, entry: string, to: string) => Promise<readonly string[]>;

export const bundlers = { esbuild, vite, webpack: withWebpack } as const satisfies Readonly<Record<string, Bundler>>;

async function esbuild(project: string, entry: string, to: string): Promise<string[]> {
  const { warnings } = await buildWithEsbuild({
    absWorkingDir: project,
    entryPoints: [join(project, entry)],
    outfile: join(to, 'page.js'),
    bundle: true,
    minify: true,
    format: 'esm',
    logLevel: 'silent',
  });
  return warnings.map(({ text }) => text);
}

async function vite(project: string, entry: string, to: string): Promise<string[]> {
  const warnings: string[] = [];
  const note = (text: string): void => {
    // How large files are is for the project to say.
    if (!text.includes('chunkSizeWarningLimit')) warnings.push(text);
  };
  const nothing = (): void => undefined;
  await buildWithVite({
    configFile: false,
    root: project,
    customLogger: {
      ...{ info: nothing, clearScreen: nothing, hasErrorLogged: () => false, hasWarned: false },
      ...{ warn: note, warnOnce: note, error: nothing },
    },
    build: {
      outDir: to,
      emptyOutDir: false,
      rolldownOptions: { input: join(project, entry), output: { entryFileNames: 'page.js' } },
    },
  });
  return warnings;
}

async function withWebpack(project: string, entry: string, to: string): Promise<string[]> {
  const compiler = webpack({
    context: project,
    mode: 'production',
    entry: join(project, entry),
    output: { path: to, filename: 'page.js' },
    performance: { hints: false },
  });
  const stats = await promisify(compiler.run.bind(compiler))();
  await promisify(compiler.close.bind(compiler))();
  const { errors = [], warnings = [] } = stats?.toJson() ?? {};
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'));
  return warnings.map(({ message }) => message);
}
