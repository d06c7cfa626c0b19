/**
 * Compiles a dense layer of 708 × 708 for a batch that fills the ciphertexts, one product and one sum for each weight,
 * and prints what it took. That configuration is forced: the search would take a smaller batch, whose plaintexts fit into
 * memory. A program of its own, so that the peak memory is that of the compiler alone.
 */
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { compileWith } from '../../compiler/network-plans.ts';
import type { Configuration } from '../../compiler/search/configurations.ts';
import { settingsOf } from '../../compiler/settings.ts';
import { simplify } from '../../compiler/simplify.ts';
import { writeHep } from '../../runtime/hep/write.ts';
import { denseChain, graphOf, samplesOf } from './tiny-networks.ts';

const module = denseChain([708, 708]);
const batch = 2048;
const slots = { virtualSlots: 1, batchTile: batch };
const configuration: Configuration = { degree: 4096, slots, samples: batch, runs: 1 };
const start = performance.now();
const settings = settingsOf({ samples: samplesOf(module, 64), optimize: 'throughput', batch });
const compilation = compileWith(simplify(graphOf(module), settings), settings, [configuration]);
if ('refused' in compilation) throw new HepcError(compilation.refused);
const { plan } = compilation;
const seconds = (performance.now() - start) / 1000;
const bytes = writeHep(plan).length;
const { maxRSS } = process.resourceUsage();
process.stdout.write(JSON.stringify({ ops: plan.program.columns.op.length, seconds, peakBytes: maxRSS * 1024, bytes }));
