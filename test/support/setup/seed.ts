/**
 * Property tests draw the same cases in every run, so that a failure belongs to a change and not to chance.
 * `HEPC_SEED=N npm test` draws others, `HEPC_SEED=random` new ones each time.
 */
import fc from 'fast-check';

const wanted = process.env['HEPC_SEED'] ?? '20261123';
if (wanted !== 'random') fc.configureGlobal({ seed: Number(wanted) });
