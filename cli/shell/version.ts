/** Name and version of this program, as `--version` and the files that it writes say them. */
import manifest from '../../package.json' with { type: 'json' };

export const version = manifest.version;
export const program = `${manifest.name} ${version}`;
